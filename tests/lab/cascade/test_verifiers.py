"""AUROC and ECE against their definitions."""

import numpy as np
import pytest

from dynamicrag.lab.cascade.verifiers import auroc, ece, judge_signal
from dynamicrag.lab.routing.resample import Resample


def test_auroc_is_sklearns_under_weights_and_ties():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    signal, right = rng.integers(0, 5, 80).astype(float), rng.random(80) < 0.4
    weights = rng.integers(0, 3, (4, 80)).astype(float)
    wanted = [roc_auc_score(right, signal, sample_weight=own) for own in weights]
    np.testing.assert_allclose(auroc(signal, right, weights), wanted)


def test_auroc_of_one_kind_is_not_known():
    assert np.isnan(auroc(np.arange(3.0), np.ones(3, dtype=bool), np.ones((1, 3)))).all()


def test_ece():
    p, quality = np.repeat([0.2, 0.8], 50), np.repeat([0.0, 1.0], 50)
    assert ece(p, quality, np.ones((1, 100)))[0] == pytest.approx(0.2)


def test_a_signal_that_failed_everywhere():
    nothing = np.full((5, 2), np.nan)
    found = judge_signal(nothing, nothing, nothing, np.ones((5, 2)), Resample(5, 10, 0), ["a", "b"])
    assert found.drafts == 0
    assert np.isnan(found.auroc)


def test_a_signal_that_is_off_is_honest_once_calibrated():
    quality = np.tile([[0.0], [1.0]], (50, 2))
    signal = np.where(quality > 0, 0.6, 0.5)
    found = judge_signal(signal, signal, quality, quality, Resample(100, 20, 0), ["a", "b"])
    assert found.ece_raw == pytest.approx(0.45)
    assert found.ece == 0
    assert found.intervals["ece_raw"][0] <= found.ece_raw <= found.intervals["ece_raw"][1]

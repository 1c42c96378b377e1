"""The value of a cascade, against its definition and a simulation."""

import numpy as np
import pytest

from dynamicrag.priors.cascade import NORMAL, cascade, pair, redo


def test_a_common_difficulty_makes_models_fail_together():
    apart = pair(0.5, 1.0, 0.0)
    together = pair(0.5, 1.0, 2.0)
    assert apart.if_right == pytest.approx(apart.if_wrong)
    assert together.if_wrong < together.strong < together.if_right
    both = together.weak * together.if_right + (1 - together.weak) * together.if_wrong
    assert both == pytest.approx(together.strong)


def test_joint_probabilities_equal_a_simulation():
    rng = np.random.default_rng(0)
    z = rng.normal(size=400_000)
    weak = rng.random(z.size) < 1 / (1 + np.exp(-(0.3 + 1.4 * z)))
    strong = rng.random(z.size) < 1 / (1 + np.exp(-(1.1 + 1.4 * z)))
    found = pair(0.3, 1.1, 1.4)
    assert found.weak == pytest.approx(weak.mean(), abs=5e-3)
    assert found.if_right == pytest.approx(strong[weak].mean(), abs=5e-3)
    assert found.if_wrong == pytest.approx(strong[~weak].mean(), abs=5e-3)


def test_the_value_of_a_threshold_equals_a_simulation():
    rng = np.random.default_rng(1)
    models = pair(0.3, 1.1, 1.4)
    best = cascade(models, 0.05, 0.8)
    right = rng.random(400_000) < models.weak
    apart = 2**0.5 * NORMAL.inv_cdf(0.8)
    signal = rng.normal(size=right.size) + apart * right
    escalated = signal < np.quantile(signal, best.escalated)
    again = rng.random(right.size) < np.where(right, models.if_right, models.if_wrong)
    assert np.where(escalated, again, right).mean() == pytest.approx(best.quality, abs=5e-3)


def test_signals_that_tell_nothing_make_no_cascade():
    models = pair(0.0, 1.0, 1.0)
    found = cascade(models, 0.01, 0.5)
    assert found.escalated in (0.0, 1.0)
    assert found.quality in (pytest.approx(models.weak), pytest.approx(models.strong))


def test_a_dear_model_is_not_escalated_to():
    assert cascade(pair(0.0, 1.0, 1.0), 5.0, 0.9) == (
        pytest.approx(pair(0.0, 1.0, 1.0).weak),
        0.0,
        pytest.approx(0.5),
    )


def test_better_signals_are_worth_more():
    models = pair(0.0, 1.0, 1.0)
    worths = [cascade(models, 0.1, auroc).worth for auroc in (0.5, 0.7, 0.9)]
    assert worths == sorted(worths)
    assert worths[-1] > max(models.weak, models.strong - 0.1)


def test_the_belief_in_a_draft_moves_the_belief_in_the_next():
    models = pair(0.0, 1.0, 1.0)
    assert redo(models, 0.1) < redo(models, 0.9)
    assert redo(models, models.weak) == pytest.approx(models.strong)

"""The row of online learners: fixed numbers on fixed scales."""

import numpy as np
import pytest

from dynamicrag.features.lexical import lexical
from dynamicrag.routers.row import CONSTANT, Row

EARLY, LATE, DRAFTED = (
    Row(retrieved=False, drafted=False),
    Row(retrieved=True, drafted=False),
    Row(retrieved=True, drafted=True),
)


@pytest.mark.parametrize("row", [EARLY, LATE, DRAFTED])
def test_its_length_and_names_agree_whatever_is_missing(row):
    assert len(row({})) == len(row.names) == len(set(row.names)) == len(row)
    assert row({})[0] == CONSTANT
    assert not row({})[1:].any()


def test_later_stages_read_more():
    assert set(EARLY.names) < set(LATE.names) < set(DRAFTED.names)
    assert "matched" in LATE.names
    assert "matched" not in EARLY.names
    assert "groundedness" in DRAFTED.names


@pytest.mark.parametrize("size", [8, 64, 384, 1536])
def test_any_embedding_model_serves(size):
    vector = np.ones(size) / size**0.5
    row = EARLY({}, vector, "mine")
    assert np.isfinite(row).all()
    assert row[1:65].any()


def test_odd_signals_do_no_harm():
    features = lexical("word " * 5_000) | {"matched": float("nan"), "similarity": 1e9, "passages": -3.0}
    row = LATE(features)
    assert np.isfinite(row).all()
    assert np.abs(row).max() < 1.0

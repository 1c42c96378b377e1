"""Directions of embeddings: short rows that keep the variety of questions."""

import numpy as np
import pytest

from dynamicrag.errors import PolicyError
from dynamicrag.priors.directions import DIMENSIONS, Directions, directions


def planted(count=400, size=96, seed=0):
    """Return unit vectors whose variety has four directions."""
    rng = np.random.default_rng(seed)
    found = rng.standard_normal((count, 4)) @ rng.standard_normal((4, size)) + 0.05 * rng.standard_normal(
        (count, size)
    )
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def test_the_principal_directions_come_first_and_a_typical_question_has_length_one():
    vectors = planted()
    found = np.array([Directions.fit([vectors[:300], vectors[300:]], "mine")(each) for each in vectors[:50]])
    assert (found[:, :4] ** 2).sum() > 0.9 * (found**2).sum()
    assert (found**2).sum(axis=1).mean() == pytest.approx(1.0, abs=0.1)


def test_random_directions_keep_lengths_and_are_the_same_everywhere():
    one = Directions.random(96)
    assert np.mean([(one(each) ** 2).sum() for each in planted()]) == pytest.approx(1.0, abs=0.25)
    assert (one.components == Directions.random(96).components).all()
    assert (8 * one.components[0, :6]).tolist() == pytest.approx([-1, 1, 1, 1, -1, -1])


def test_the_shipped_ones_serve_their_embedder_alone():
    shipped = directions("all-minilm-l6-v2", 384)
    assert shipped.embedder == "all-minilm-l6-v2"
    assert directions("other", 384).embedder == ""
    assert directions("other", 768)(np.ones(768) / 768**0.5).shape == (DIMENSIONS,)


def test_a_file_is_restored_and_a_damaged_one_refused(tmp_path):
    made = Directions.fit([planted()], "mine")
    path = made.save(tmp_path / "directions")
    assert Directions.load(path).components == pytest.approx(made.components, abs=1e-6)
    path.write_bytes(b"damaged")
    with pytest.raises(PolicyError, match="prior of dynamicrag"):
        Directions.load(path)

"""Parts that were computed for some rows at a time."""

from dataclasses import dataclass

import numpy as np

from dynamicrag.lab.rejoin import rejoin


@dataclass(frozen=True)
class Part:
    quality: np.ndarray
    costs: dict


def test_every_row_is_in_its_place():
    rows = [np.array([2, 0]), np.array([1])]
    parts = [
        Part(np.array([20.0, 0.0]), {"joules": (np.array([[2.0], [0.0]]),)}),
        Part(np.array([10.0]), {"joules": (np.array([[1.0]]),)}),
    ]
    found = rejoin(parts, rows)
    assert found.quality.tolist() == [0.0, 10.0, 20.0]
    assert found.costs["joules"][0].tolist() == [[0.0], [1.0], [2.0]]

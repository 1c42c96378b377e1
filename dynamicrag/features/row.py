"""The fixed numbers of a query from which online learners learn.

A learner's state outlives a process and a training, so its features depend on nothing that was fitted: a
constant, a projection of the question's embedding, and the signals that the stage's decisions record, on
fixed scales. A missing signal is 0.
"""

import math
from collections.abc import Mapping
from functools import lru_cache
from hashlib import shake_256

import numpy as np
from numpy.typing import ArrayLike

from dynamicrag.features.lexical import lexical
from dynamicrag.features.response import ResponseFeatures
from dynamicrag.features.retrieval import RetrievalFeatures
from dynamicrag.predictors.checks import Floats

VERSION = 1
"""Version of the row; raised whenever its numbers change their meaning."""
DIMENSIONS = 64
"""Number of projected dimensions of the embedding."""
WEIGHT = 1.0
"""Length of the projected embedding of a typical question; the constant has length 1."""
FLAG = 0.25
"""Weight of a signal, so that the embedding is not drowned by some twenty of them."""
COUNTS = frozenset(
    {
        *("words", "content_words", "names", "numbers", "bridges", "passages", "documents", "enough"),
        *("unseen_terms", "agreement_samples", "thought_agreement_samples"),
    }
)
"""Signals that are counts."""


class Row:
    """The row of a stage's decisions.

    Args:
        retrieved: Whether the stage decides after retrieval.
        drafted: Whether it decides on a draft.

    Attributes:
        names: A name per number, in order.
    """

    def __init__(self, *, retrieved: bool, drafted: bool) -> None:
        signals = list(lexical(""))
        if retrieved:
            signals += [*RetrievalFeatures.wanted, "similarity", "english"]
        if drafted:
            signals += ResponseFeatures.wanted
        self._signals = tuple(signals)
        self.names = ("constant", *(f"embedding:{i}" for i in range(DIMENSIONS)), *signals)

    def __len__(self) -> int:
        return len(self.names)

    def __call__(self, signals: Mapping[str, float], vector: ArrayLike | None = None) -> Floats:
        """Return the numbers of a query, (d,).

        Args:
            signals: The decision's features.
            vector: The question's unit vector, (e,), of any embedding model; ``None`` or empty without one.
        """
        row = np.zeros(len(self.names))
        row[0] = 1.0
        given = np.empty(0) if vector is None else np.asarray(vector, dtype=np.float64)
        if given.size:
            row[1 : 1 + DIMENSIONS] = WEIGHT * (given @ _projection(given.size))
        start = 1 + DIMENSIONS
        for place, name in enumerate(self._signals, start):
            value = signals.get(name)
            if value is not None and math.isfinite(value):
                row[place] = FLAG * _scaled(name, value)
        return row


def _scaled(name: str, value: float) -> float:
    """Return a signal on a scale of about -3 to 3."""
    if name in COUNTS:
        return math.log1p(max(value, 0.0))
    return max(-3.0, min(3.0, value))


@lru_cache(maxsize=8)
def _projection(size: int) -> Floats:
    """Return a fixed projection by random signs, (e, 64), that keeps lengths on average.

    Achlioptas 2003, "Database-friendly random projections". It needs no training, so it serves any embedding
    model; the signs come from a hash, because random generators may change between releases.
    """
    bits = shake_256(f"row:{size}".encode()).digest(size * DIMENSIONS // 8)
    signs = np.unpackbits(np.frombuffer(bits, dtype=np.uint8)).reshape(size, DIMENSIONS)
    return np.asarray((2.0 * signs - 1.0) / math.sqrt(DIMENSIONS))

"""The fixed numbers of a query from which online learners learn.

A learner's state outlives a process and a training, so its features depend on nothing that a user fits: a
constant, a projection of the question's embedding, and the signals that the stage's decisions record, on
fixed scales. A missing signal is 0.

The row is short, so that a learner with λ = 1 trusts the estimate that it starts from: its level as much as
four rewards, and the effects of a question as much as some twenty-five.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from dynamicrag.features.lexical import lexical
from dynamicrag.features.response import ResponseFeatures
from dynamicrag.features.retrieval import RetrievalFeatures
from dynamicrag.predictors.checks import Floats
from dynamicrag.priors.directions import DIMENSIONS, directions

VERSION = 1
"""Version of the row; raised whenever its numbers change their meaning."""
CONSTANT = 0.5
"""The constant: options differ by more in their level than from question to question."""
EMBEDDING = 0.2
"""Length of the projected embedding of a typical question."""
SIGNAL = 0.05
"""Weight of a signal; there are some twenty, many of them 0."""
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

    def __call__(
        self, signals: Mapping[str, float], vector: ArrayLike | None = None, embedder: str = ""
    ) -> Floats:
        """Return the numbers of a query, (d,).

        Args:
            signals: The decision's features.
            vector: The question's unit vector, (e,), of any embedding model; ``None`` or empty without one.
            embedder: Name of that model.
        """
        row = np.zeros(len(self.names))
        row[0] = CONSTANT
        given = np.empty(0) if vector is None else np.asarray(vector, dtype=np.float64)
        if given.size:
            row[1 : 1 + DIMENSIONS] = EMBEDDING * directions(embedder, given.size)(given)
        start = 1 + DIMENSIONS
        for place, name in enumerate(self._signals, start):
            value = signals.get(name)
            if value is not None and math.isfinite(value):
                row[place] = SIGNAL * _scaled(name, value)
        return row


def _scaled(name: str, value: float) -> float:
    """Return a signal on a scale of about -3 to 3."""
    if name in COUNTS:
        return math.log1p(max(value, 0.0))
    return max(-3.0, min(3.0, value))

"""Standardised features of a question, as the item-response model reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from dynamicrag.errors import InputError
from dynamicrag.features.lexical import own_features, own_names
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.state import State

EMBEDDING_SCALE = 5.0
"""Length given to a unit vector, beside lexical features of variance 1."""
MOST_DEVIATIONS = 4.0
"""Bound of a standardised lexical feature: a text of 1,000 words counts as a very long question, no more."""
LEAST_DEVIATION = 0.05
"""Smallest standard deviation that a feature is divided by, so that a rare flag keeps its size."""


@dataclass(frozen=True, slots=True)
class QuestionFeatures:
    """Turns a question into the numbers that the model was trained on; the mean question is at 0.

    Attributes:
        centre: Mean of the lexical features in training, (l,).
        deviation: Their standard deviation, (l,).
        vector: Mean embedding in training, (e,); empty if the model reads no embedding.
        embedder: Name of the embedding model; ``""`` without one.
    """

    centre: Floats
    deviation: Floats
    vector: Floats
    embedder: str = ""

    @classmethod
    def fit(cls, questions: Sequence[str], vectors: ArrayLike | None = None, embedder: str = "") -> Self:
        """Fit means and deviations on training questions.

        Args:
            questions: The questions.
            vectors: Their unit vectors, (n, e); ``None`` for lexical features alone.
            embedder: Name of the embedding model.
        """
        table = np.array([own_features(text) for text in questions])
        mean = np.empty(0) if vectors is None else np.asarray(vectors, dtype=np.float64).mean(axis=0)
        return cls(table.mean(axis=0), np.maximum(table.std(axis=0), LEAST_DEVIATION), mean, embedder)

    @property
    def size(self) -> int:
        """Number of features, d."""
        return len(self.centre) + len(self.vector)

    def row(self, question: str, vector: ArrayLike | None = None) -> Floats:
        """Return the features of a question, (d,).

        Args:
            question: The question.
            vector: Its unit vector, (e,). ``None`` if the embedding model cannot read it: the mean stands in.

        Raises:
            InputError: The vector has another length than in training.
        """
        standard = (np.array(own_features(question)) - self.centre) / self.deviation
        standard = np.minimum(np.maximum(standard, -MOST_DEVIATIONS), MOST_DEVIATIONS)
        if not len(self.vector):
            return standard
        if vector is None:
            return np.concatenate([np.zeros(len(self.vector)), standard])
        given = np.asarray(vector, dtype=np.float64)
        if given.shape != self.vector.shape:
            raise InputError(
                f"vector: expected {len(self.vector)} numbers from {self.embedder}, got {given.shape}; "
                "without that embedding model use the prior that reads lexical features alone"
            )
        return np.concatenate([EMBEDDING_SCALE * (given - self.vector), standard])

    def table(self, questions: Sequence[str], vectors: ArrayLike | None = None) -> Floats:
        """Return the features of questions, (n, d)."""
        given = [None] * len(questions) if vectors is None else np.asarray(vectors)
        return np.stack([self.row(text, own) for text, own in zip(questions, given, strict=True)])

    def state(self) -> State:
        """Return the state."""
        arrays = {"centre": self.centre, "deviation": self.deviation, "vector": self.vector}
        return State({"embedder": self.embedder, "lexical": list(own_names())}, arrays)

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Restore the features.

        Raises:
            ValueError: It was made with other lexical features.
        """
        if tuple(state.meta["lexical"]) != own_names():
            raise ValueError("it was learnt with other lexical features")
        read = {
            name: np.asarray(state.arrays[name], np.float64) for name in ("centre", "deviation", "vector")
        }
        return cls(**read, embedder=str(state.meta["embedder"]))

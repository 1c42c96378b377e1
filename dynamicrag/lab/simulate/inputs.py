"""The features of a stream's questions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from dynamicrag.features.base import Embed
from dynamicrag.features.lexical import lexical
from dynamicrag.predictors.checks import Floats

DIMENSIONS = 64
"""Principal components of the embeddings."""
CONSTANT = 0.5
"""Length of the constant: options differ by more in their level than from question to question."""
EMBEDDING = 0.2
"""Length of the components of a typical question."""
LEXICAL = 0.03
"""Factor on a standardised lexical feature; there are some twenty."""
MOST_DEVIATIONS = 4.0
LEAST_DEVIATION = 0.05


@dataclass(frozen=True, slots=True)
class Inputs:
    """Turns questions into features: a constant, components of the embedding, lexical features.

    The lengths are about those of the rows of live learners: one with a ridge of 1 trusts the level that it
    starts from as much as four rewards, and the effects of a question as much as some ten.

    Attributes:
        embed: The embedding model; ``None`` for lexical features alone.
        centre: Mean embedding, (e,).
        components: Principal components, (e, at most 64), scaled.
        mean: Mean of the lexical features, (l,).
        deviation: Their standard deviation, (l,).
    """

    embed: Embed | None
    centre: Floats
    components: Floats
    mean: Floats
    deviation: Floats

    @classmethod
    def of(cls, texts: Sequence[str], embed: Embed | None) -> Self:
        """Fit on the questions of the whole stream; no outcome is used.

        A running system knows such questions before it has rewards for them.

        Args:
            texts: The questions.
            embed: The embedding model.
        """
        table = _lexical(texts)
        deviation = np.maximum(table.std(axis=0), LEAST_DEVIATION)
        centre, components = np.empty(0), np.empty((0, 0))
        if embed is not None:
            from sklearn.decomposition import PCA

            vectors = np.asarray(embed(texts), dtype=np.float64)
            # the full decomposition: the same questions give the same numbers
            found = PCA(min(DIMENSIONS, *vectors.shape), svd_solver="full").fit(vectors)
            length = np.sqrt(np.maximum(found.explained_variance_.sum(), 1e-12))
            centre, components = found.mean_, found.components_.T / length
        return cls(embed, centre, components, table.mean(axis=0), deviation)

    def __call__(self, texts: Sequence[str]) -> Floats:
        """Return the features of questions, (n, d)."""
        standard = (_lexical(texts) - self.mean) / self.deviation
        parts = [
            np.full((len(texts), 1), CONSTANT),
            LEXICAL * standard.clip(-MOST_DEVIATIONS, MOST_DEVIATIONS),
        ]
        if self.embed is not None:
            vectors = np.asarray(self.embed(texts), dtype=np.float64)
            parts.insert(1, EMBEDDING * ((vectors - self.centre) @ self.components))
        return np.concatenate(parts, axis=1)


def _lexical(texts: Sequence[str]) -> Floats:
    return np.array([list(lexical(text).values()) for text in texts], dtype=np.float64)

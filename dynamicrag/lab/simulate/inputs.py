"""The features of a stream's questions, and the options' names as strategies and models."""

from collections.abc import Sequence

import numpy as np

from dynamicrag.features.base import Embed
from dynamicrag.features.lexical import own_features
from dynamicrag.predictors.checks import Floats

DIMENSIONS = 64
"""Principal components of the embeddings."""
EMBEDDING = 1.0
"""Factor on the components of a unit vector, beside the constant 1."""
LEXICAL = 0.05
"""Factor on a standardised lexical feature: some seventy of them are together about as long as the vector."""
MOST_DEVIATIONS = 4.0
LEAST_DEVIATION = 0.05


def features(texts: Sequence[str], embed: Embed | None) -> Floats:
    """Return the features of questions, (n, d): a constant, the embedding's components, lexical features.

    Components, means and deviations are fitted on the questions of the whole stream. They use no outcome, and
    a running system has such questions before it has rewards. The scales fit learners with a ridge of 1: the
    constant stands for an option's level, and all other numbers together are no longer than it.

    Args:
        texts: The questions.
        embed: The embedding model; ``None`` for lexical features alone.
    """
    lexical = np.array([own_features(text) for text in texts])
    deviation = np.maximum(lexical.std(axis=0), LEAST_DEVIATION)
    standard = np.clip((lexical - lexical.mean(axis=0)) / deviation, -MOST_DEVIATIONS, MOST_DEVIATIONS)
    parts = [np.ones((len(texts), 1)), LEXICAL * standard]
    if embed is not None:
        parts.insert(1, EMBEDDING * _components(np.asarray(embed(texts), dtype=np.float64)))
    return np.concatenate(parts, axis=1)


def _components(vectors: Floats) -> Floats:
    """Return the first principal components, (n, at most 64)."""
    from sklearn.decomposition import PCA

    number = min(DIMENSIONS, *vectors.shape)
    # the full decomposition: the same table gives the same numbers
    return np.asarray(PCA(number, svd_solver="full").fit_transform(vectors), dtype=np.float64)

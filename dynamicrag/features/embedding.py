"""Sentence embeddings of queries as features."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dynamicrag.errors import PolicyError
from dynamicrag.features.base import FEATURES, Features, Seen
from dynamicrag.predictors.checks import Floats


@FEATURES.register("embedding")
class Embedding(Features):
    """The query's sentence embedding, or the training queries' mean if the model cannot read the query.

    Semantic similarity as in the predictive routers of RouterBench (Hu et al. 2024) and RouteLLM (Ong et al.
    2024). The model is loaded on first use.
    """

    embeds = True
    opaque = True
    reads_text = False
    fitted = ("mean",)

    def __init__(self) -> None:
        self.mean: Floats = np.empty(0)

    @property
    def names(self) -> Sequence[str]:
        """A name per feature, in order."""
        return [str(number) for number in range(len(self.mean))]

    def fit(self, queries: Sequence[Seen]) -> Self:
        """Fit the length and the mean of the vectors."""
        self.fit_transform(queries)
        return self

    def fit_transform(self, queries: Sequence[Seen]) -> Floats:
        """Fit on training queries, and return their features, (n, d); every text is embedded once."""
        vectors, read = self._embed(queries), self._read(queries)
        self.mean = vectors[read].mean(axis=0) if read.any() else np.zeros(vectors.shape[1])
        return np.where(read[:, None], vectors, self.mean)

    def transform(self, queries: Sequence[Seen]) -> Floats:
        """Return the features of queries, (n, d).

        Raises:
            PolicyError: The vectors have another length than in training.
        """
        vectors = self._embed(queries)
        if vectors.shape[1] != len(self.mean):
            raise PolicyError(
                f"the embedding model returns {vectors.shape[1]} numbers a text, and {len(self.mean)} when "
                "this router was trained; use the same model, or train the router again"
            )
        return np.where(self._read(queries)[:, None], vectors, self.mean)

    def _read(self, queries: Sequence[Seen]) -> NDArray[np.bool_]:
        reads = getattr(self.embed, "reads", None)  # a plain function has none
        return np.array([reads is None or reads(query.text) for query in queries], dtype=bool)

    def _embed(self, queries: Sequence[Seen]) -> Floats:
        assert self.embed is not None  # FeatureSet guarantees it
        return np.asarray(self.embed([query.text for query in queries]), dtype=np.float64)

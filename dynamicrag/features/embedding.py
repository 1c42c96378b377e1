"""What a sentence-embedding model makes of a query."""

from collections.abc import Sequence
from typing import Self

import numpy as np

from dynamicrag.errors import PolicyError
from dynamicrag.features.base import FEATURES, Features, Seen
from dynamicrag.predictors.checks import Floats


@FEATURES.register("embedding")
class Embedding(Features):
    """The query's sentence embedding.

    Nearness of meaning, as the predictive routers of RouterBench (Hu et al. 2024) and RouteLLM (Ong et
    al. 2024) use it. The model is loaded at the first use.
    """

    embeds = True
    opaque = True
    fitted = ("size",)

    def __init__(self) -> None:
        self.size = np.array(0)

    @property
    def names(self) -> Sequence[str]:
        """A name per feature, in order."""
        return [str(number) for number in range(int(self.size))]

    def fit(self, queries: Sequence[Seen]) -> Self:
        """Learn how long the vectors are."""
        self.size = np.array(self._embed(queries[:1]).shape[1])
        return self

    def transform(self, queries: Sequence[Seen]) -> Floats:
        """Return the features of queries, (n, d).

        Raises:
            PolicyError: The vectors have another length than in training.
        """
        vectors = self._embed(queries)
        if vectors.shape[1] != self.size:
            raise PolicyError(
                f"the embedding model gives {vectors.shape[1]} numbers a text, and {self.size} when this "
                "router was trained; use the same model, or train the router again"
            )
        return vectors

    def _embed(self, queries: Sequence[Seen]) -> Floats:
        assert self.embed is not None  # FeatureSet sees to it
        return np.asarray(self.embed([query.text for query in queries]), dtype=np.float64)

"""The method that learns routers: a predictor on features of the question."""

from collections.abc import Sequence
from dataclasses import dataclass

from dynamicrag.features.base import Embed, FeatureSet
from dynamicrag.predictors.base import Predictor
from dynamicrag.predictors.crossfit import build


@dataclass(frozen=True, slots=True)
class Recipe:
    """The method that learns routers.

    Attributes:
        router: Spec of the predictor.
        families: Specs of the families of features.
        embed: The embedding model, for families that need one.
        seed: Seed of folds and predictors.
    """

    router: object
    families: Sequence[object]
    embed: Embed | None = None
    seed: int = 0

    def features(self) -> FeatureSet:
        """Return features that are not fitted yet."""
        return FeatureSet(self.families, self.embed, "--features")

    def predictor(self) -> Predictor:
        """Return a predictor that is not fitted yet."""
        return build(self.router, self.seed, "--router")

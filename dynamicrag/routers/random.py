"""A random option: a baseline, and a way to record outcomes without bias."""

from collections.abc import Sequence
from random import Random as Generator

from dynamicrag.errors import PolicyError, unknown
from dynamicrag.routers.base import ROUTERS, Choice, Router, StageContext
from dynamicrag.types import Option


@ROUTERS.register("random")
class Random(Router):
    """Draws among the open options, and reports the probability.

    The draw depends only on the seed, the stage and the query's id, so that it can be repeated and does not
    depend on concurrent work.

    Args:
        seed: Seed of the draw.
        weights: Weight per option name; uniform by default.
    """

    uses = ()
    paper = "Hu et al. 2024, RouterBench, arXiv 2403.12031"

    def __init__(self, *, seed: int = 0, weights: dict[str, float] | None = None) -> None:
        if weights and (min(weights.values()) < 0 or not any(weights.values())):
            raise ValueError("weights must be ≥ 0 and not all 0")
        self.seed = seed
        self.weights = weights

    def check(self, stage: str, options: Sequence[Option], where: str) -> None:  # noqa: ARG002
        """See the base class."""
        names = [option.name for option in options]
        for name in self.weights or {}:
            if name not in names:
                raise PolicyError(unknown(f"{where}.random.weights", "option", name, names))

    async def choose(self, context: StageContext) -> Choice:
        """See the base class."""
        weights = [
            (self.weights.get(option.name, 0.0) if self.weights else 1.0) * allowed
            for option, allowed in zip(context.options, context.allowed, strict=True)
        ]
        if not any(weights):  # every option with weight is closed
            weights = [float(allowed) for allowed in context.allowed]
        generator = Generator(f"{self.seed}:{context.stage}:{context.query.id}")
        index = generator.choices(range(len(weights)), weights)[0]
        propensity = weights[index] / sum(weights)
        return Choice(index, f"drawn with probability {propensity:.2f}", propensity)

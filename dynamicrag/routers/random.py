"""A random option: a baseline, and a way to record outcomes without bias."""

from collections.abc import Sequence

from dynamicrag.errors import PolicyError, unknown
from dynamicrag.routers.base import ROUTERS, Choice, Router, StageContext
from dynamicrag.routers.draws import drawn
from dynamicrag.types import Option


@ROUTERS.register("random")
class Random(Router):
    """Draws among the open options, and reports the probability.

    Args:
        seed: Seed of the draw; see :func:`dynamicrag.routers.draws.generator`.
        weights: Weight per option name; uniform by default, and if every option with a weight is closed.
    """

    uses = ()
    reads_text = False
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
        weights = [self.weights.get(option.name, 0.0) if self.weights else 1.0 for option in context.options]
        return drawn(context, weights, seed=self.seed)

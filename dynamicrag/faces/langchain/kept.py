"""Continues with a task's model, unless another one outweighs the prompt cache that would be lost."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dynamicrag.cost.vector import Dimension
from dynamicrag.learning.examples import KEPT
from dynamicrag.predictors.selection import TIE, select
from dynamicrag.routers.base import Choice, Router, StageContext
from dynamicrag.stages.choices import chosen


class Kept(Router):
    """The router of all calls of a task but the first.

    The estimates of the first call hold for the whole task, because the question is the same; only costs
    change. So nothing is estimated or drawn again, and the model changes only if another one's quality minus
    its cost is now higher. The expected cost of each model assumes its prompt cache. Without estimates, the
    model is kept. If it is closed, the policy's router chooses again.

    Args:
        model: The task's model so far.
        quality: The estimates at its choice: predicted quality by option. The policy may have other options
            by now, if the task continues after a pause.
        router: The policy's router.
        weights: Quality that one unit of each dimension is worth.
    """

    def __init__(
        self,
        model: str,
        quality: Mapping[str, float | None],
        router: Router,
        weights: Mapping[Dimension, float],
    ) -> None:
        self.registered = KEPT
        self._model = model
        self._quality = quality
        self._router = router
        self._weights = weights

    async def choose(self, context: StageContext) -> Choice:
        """See the base class."""
        here = context.index(self._model)
        if here is None:
            self.registered = self._router.registered
            return await chosen(self._router, context)
        quality = [self._quality.get(option.name) for option in context.options]
        best = self._best(context, here, np.array(quality, dtype=float))
        name = context.options[best].name
        reason = (
            f"continues with {name}" if best == here else f"{name} now outweighs the cache of {self._model}"
        )
        return Choice(best, reason, quality=quality)

    def _best(self, context: StageContext, here: int, quality: NDArray[np.float64]) -> int:
        if np.isnan(quality[here]):
            return here
        allowed = np.array(context.allowed) & ~np.isnan(quality)
        weights = context.weights(self._weights)
        costs = np.array([[cost[d] for d in weights] for cost in context.expected])
        costs = costs.reshape(len(quality), -1)
        selected = select(np.nan_to_num(quality), costs, list(weights.values()), allowed=allowed)
        gain = selected.score[selected.index] - selected.score[here]
        return int(selected.index) if gain > TIE else here

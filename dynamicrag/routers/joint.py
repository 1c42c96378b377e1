"""One router over whole paths, which decides several stages jointly and plans again at each."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dynamicrag.cost.vector import Cost, Dimension
from dynamicrag.features.base import Seen
from dynamicrag.predictors.base import How
from dynamicrag.predictors.checks import Floats
from dynamicrag.records import Decision
from dynamicrag.routers.base import Choice, Router, StageContext
from dynamicrag.routers.draws import Explore
from dynamicrag.routers.insight import insight, weights_of
from dynamicrag.routers.offer import Offer, take
from dynamicrag.routers.paths import PathEstimator, check_option, check_takeable
from dynamicrag.routers.vectors import computed
from dynamicrag.topology import TOPOLOGY
from dynamicrag.types import Option


class Joint(Router):
    """Takes the option on the best path that continues from the current state of the query.

    The paths are those of the training table; the best path has the highest predicted quality minus weighted
    expected cost. Both are computed again at every stage, so that the plan adapts to new facts: retrieval
    signals, passages longer than expected, a failed provider, or less budget. The joint choice of strategy
    and model follows Su et al. 2025, Flare-Aug (arXiv 2502.12145), extended to all stages.

    Args:
        estimator: Trained on a table of paths.
        weights: Quality that one unit of each cost dimension is worth.
        explore: The rate of options other than the best, at every stage.

    Attributes:
        decides: The stages at which its paths differ.
    """

    registered = "joint"
    when = ("pre-generation", "multi-stage")
    how: How = "supervised"
    paper = "Su et al. 2025, Flare-Aug, arXiv 2502.12145"
    trained = True
    grows = False

    def __init__(
        self,
        estimator: PathEstimator,
        weights: Mapping[Dimension, float] | None = None,
        explore: Explore = Explore(),  # noqa: B008 - it is frozen
    ) -> None:
        self.estimator = estimator
        self.weights = dict(weights or {})
        self.decides = estimator.stages
        # other routers decide the common part of the paths, perhaps differently
        self._paths: list[dict[str, str]] = [
            {stage: path[stage] for stage in self.decides if stage in path} for path in estimator.paths
        ]
        predictor = estimator.before.predictor
        self.uses, self.how = predictor.uses, predictor.how
        self.paper = predictor.paper
        self.embeds = estimator.before.features.embeds
        self._explore = explore
        self.reads_text = estimator.before.features.reads_text
        self.unlogged = ("the expected cost of whole paths",) if any(self.weights.values()) else ()

    def check(self, stage: str, options: Sequence[Option], where: str) -> None:
        """See the base class."""
        check_option(self._paths, stage, [option.name for option in options], where)

    def check_paths(self, options: Mapping[str, Sequence[str]], where: str) -> None:
        """Refuse a policy that lacks options of every path; see :func:`check_takeable`."""
        check_takeable(self._paths, options, where)

    def planned(self, stage: str, options: Sequence[Option]) -> int:
        """Return the option on the path that is best on average, at the costs of the training table."""
        about = self.estimator.before.about
        score = np.asarray(about.quality, dtype=np.float64)
        for dimension, weight in self.weights.items():
            score = score - weight * np.asarray(about.costs.get(dimension, np.zeros(len(score))))
        names = [option.name for option in options]
        taken = (self._paths[i].get(stage) for i in np.argsort(-score, kind="stable"))
        return next((names.index(name) for name in taken if name in names), 0)

    async def choose(self, context: StageContext) -> Choice:
        """See the base class."""
        ways = self._ways(context)
        if not any(context.allowed[option] for _, option, _ in ways):
            index = context.nearest(self.planned(context.stage, context.options))
            return Choice(index, "no trained path continues from here: the planned option")
        query = Seen(context.query.text, context.features)
        text = self.estimator.embedded(query)
        estimate = await computed(context, text, self.estimator.estimate, query)
        best = self._best(ways, estimate.mean[0], context)
        quality, spread = np.full((2, len(context.options)), np.nan)
        costs = list(context.expected)
        for option, (number, cost) in best.items():
            quality[option], costs[option] = estimate.mean[0, number], cost
            if estimate.spread is not None:
                spread[option] = estimate.spread[0, number]
        price = np.array([self._worth(cost, context) for cost in costs])
        open_ = [allowed and i in best for i, allowed in enumerate(context.allowed)]
        offer = Offer(quality, price, open_, None if estimate.spread is None else spread, costs)
        choice = take(offer, context, self._explore)
        path = "/".join(self._paths[best[choice.index][0]].values())
        worth = f" less {price[choice.index]:.2f} for its cost" if price.any() else ""
        return replace(choice, reason=f"on the way to {path}: predicted {quality[choice.index]:.2f}{worth}")

    def explain(self, decision: Decision, question: str, path: Mapping[str, str]) -> dict[str, Any]:
        """See the base class; every option is rated by its best path."""
        if decision["quality"][decision["options"].index(decision["chosen"])] is None:
            return {}  # no path continued from there; the plan decided
        query = Seen(question, decision["features"])
        estimator, known = self.estimator.at(query)
        mean = estimator.estimate([known]).mean[0]
        names = {}
        for option, quality in zip(decision["options"], decision["quality"], strict=True):
            if quality is not None:
                onward = self._onward({**path, decision["stage"]: option})
                names[option] = estimator.options[min(onward, key=lambda i: abs(mean[i] - quality))]
        return insight(estimator, known, decision, names, weights_of(decision, self.weights))

    def _onward(self, done: Mapping[str, str]) -> list[int]:
        """Return the paths that continue the decided options."""
        return [
            number
            for number, path in enumerate(self._paths)
            if all(path.get(stage, option) == option for stage, option in done.items())
        ]

    def _ways(self, context: StageContext) -> list[tuple[int, int, Cost]]:
        """Return the paths that continue from here: the path, its option at this stage, and its cost.

        These are the paths within the remaining budget, or all if none is.
        """
        done = {s: o for s, o in context.path.items() if _place(s) < _place(context.stage)}
        places = {option.name: i for i, option in enumerate(context.options)}
        ways = []
        for number in self._onward(done):
            path = self._paths[number]
            option = places.get(path.get(context.stage, ""))
            if option is None:
                continue
            ways.append((number, option, context.price({**done, **path})))
        fits = [way for way in ways if all(way[2][d] <= amount for d, amount in context.left.items())]
        return fits or ways

    def _best(
        self, ways: Sequence[tuple[int, int, Cost]], mean: Floats, context: StageContext
    ) -> dict[int, tuple[int, Cost]]:
        """Return the best path through each option, and its cost."""
        best: dict[int, tuple[int, Cost]] = {}
        scores: dict[int, float] = {}
        for number, option, cost in ways:
            score = float(mean[number]) - self._worth(cost, context)
            if score > scores.get(option, -np.inf):
                scores[option], best[option] = score, (number, cost)
        return best

    def _worth(self, cost: Cost, context: StageContext) -> float:
        return cost.weighted(context.weights(self.weights))


def _place(stage: str) -> int:
    return TOPOLOGY.index(stage)

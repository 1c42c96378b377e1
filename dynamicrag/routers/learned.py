"""Any trained predictor as a router: it estimates every option's quality, and selection decides."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dynamicrag.cost.vector import Dimension
from dynamicrag.errors import PolicyError, unknown
from dynamicrag.features.base import Seen
from dynamicrag.predictors.selection import cheapest_passing
from dynamicrag.predictors.state import MEND
from dynamicrag.records import Decision
from dynamicrag.routers.base import Choice, StageContext
from dynamicrag.routers.draws import Explore
from dynamicrag.routers.estimator import Estimator
from dynamicrag.routers.insight import insight, weights_of
from dynamicrag.routers.offer import Estimating, Offer
from dynamicrag.routers.vectors import computed
from dynamicrag.types import Option

ADD = "add it ('dynamicrag train stage --add-to')"


class Learned(Estimating):
    """Takes the option with the highest predicted quality minus weighted expected cost.

    ``score = q − Σ w·c`` with the objective's weights, over the open options. With ``passing``, it takes
    the cheapest option whose predicted quality reaches it, or the best if none does: the rule of
    Malekpour et al. 2024 (arXiv 2411.04319). Without weights, the weakest is the cheapest. Its name in a
    decision is its predictor's.

    Args:
        estimator: Trained features and predictor.
        weights: Quality that one unit of each cost dimension is worth.
        explore: The rate of options other than the best.
        passing: The required quality; ``None`` to trade quality against cost. It excludes exploration.
    """

    def __init__(
        self,
        estimator: Estimator,
        weights: Mapping[Dimension, float] | None = None,
        explore: Explore = Explore(),  # noqa: B008 - it is frozen
        passing: float | None = None,
    ) -> None:
        predictor = estimator.predictor
        self.registered = predictor.registered
        self.when, self.uses, self.how = predictor.when, predictor.uses, predictor.how
        self.paper, self.embeds = predictor.paper, estimator.features.embeds
        self.grows, self.online = predictor.grows, predictor.online
        self.estimator = estimator
        self.reads_text = estimator.features.reads_text
        self.weights = dict(weights or {})
        self.explore = explore
        self._passing = passing

    def check(self, stage: str, options: Sequence[Option], where: str) -> None:
        """See the base class."""
        trained = self.estimator.about.stage
        if trained and trained != stage:
            raise PolicyError(
                f"{where}: this router was trained for the stage {trained!r}, not for {stage!r}; {MEND}"
            )
        for option in options:
            if option.name not in self.estimator.options:
                known = unknown(f"{where}.state", "option", option.name, self.estimator.options)
                mend = ADD if self.estimator.predictor.grows else MEND
                raise PolicyError(f"{known}; this router was trained on other options: {mend}, or remove it")

    def planned(self, stage: str, options: Sequence[Option]) -> int:  # noqa: ARG002
        """Return the option chosen by the training table's means."""
        about, known = self.estimator.about, self.estimator.options
        columns = [known.index(option.name) for option in options]
        nothing = [0.0] * len(known)
        quality = np.array(about.quality or nothing)[columns]
        costs = np.array([about.costs.get(d) or nothing for d in self.weights]).reshape(-1, len(known))
        price = np.array(list(self.weights.values())) @ costs[:, columns]
        if self._passing is not None:
            return int(cheapest_passing(quality, price, self._passing))
        return int(np.nan_to_num(quality - price, nan=-np.inf).argmax())

    async def offer(self, context: StageContext) -> Offer | Choice:
        """Return the estimates; with ``passing``, the choice: quality is then not traded against cost."""
        query = Seen(context.query.text, context.features)
        estimator = self.estimator
        text = estimator.features.embedded(query.text)
        estimate = await computed(context, text, estimator.estimate, [query])
        columns = [estimator.options.index(option.name) for option in context.options]
        quality = estimate.mean[0, columns]
        spread = None if estimate.spread is None else estimate.spread[0, columns]
        weights = context.weights(self.weights)
        price = np.array([cost.weighted(weights) for cost in context.expected])
        if self._passing is None:
            return Offer(quality, price, context.allowed, spread)
        index = int(cheapest_passing(quality, price, self._passing, context.allowed))
        known = None if spread is None else spread.tolist()
        reason = _passed(float(quality[index]), self._passing)
        return Choice(index, reason, quality=quality.tolist(), spread=known)

    def explain(
        self,
        decision: Decision,
        question: str,
        path: Mapping[str, str],  # noqa: ARG002
    ) -> dict[str, Any]:
        """See the base class; with ``passing``, quality is not traded against cost, so λ changes nothing."""
        names = {name: name for name in decision["options"]}
        seen = Seen(question, decision["features"])
        behind = insight(self.estimator, seen, decision, names, weights_of(decision, self.weights))
        return behind if self._passing is None else {**behind, "at_lambda": []}


def _passed(quality: float, wanted: float) -> str:
    if quality >= wanted:
        return f"the cheapest that is predicted to reach {wanted:.2f}: {quality:.2f}"
    return f"none is predicted to reach {wanted:.2f}: the best, {quality:.2f}"

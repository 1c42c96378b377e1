"""Decides any stage by the shipped prior: the estimated quality of options before anything was recorded."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.cost.ability import check_abilities
from dynamicrag.cost.vector import Cost
from dynamicrag.dependencies import Dependencies
from dynamicrag.errors import PolicyError
from dynamicrag.features.nearness import nearness
from dynamicrag.features.needless import needless
from dynamicrag.predictors.base import How
from dynamicrag.priors.cascade import cascade
from dynamicrag.priors.context import shows
from dynamicrag.priors.knowledge import shipped
from dynamicrag.priors.stages import shipped_stages
from dynamicrag.registry import checked
from dynamicrag.routers import rounds
from dynamicrag.routers.base import ROUTERS, Choice, StageContext
from dynamicrag.routers.doubt import LEAST_GAIN, Doubt
from dynamicrag.routers.draws import Explore
from dynamicrag.routers.offer import Estimating, Offer
from dynamicrag.routers.outlook import PLAIN, Outlook, Rated
from dynamicrag.routers.thresholds import Thresholds
from dynamicrag.routers.vectors import question_vector
from dynamicrag.topology import VERIFICATION
from dynamicrag.types import Option

PAYS = 4.0
"""Ratio of the weighted costs of two models from which a cascade is considered."""
LEAST = 0.01
"""Share of escalated drafts below which it is no cascade."""


@ROUTERS.register("prior")
class Prior(Estimating):
    """Takes the option with the highest estimated quality minus weighted expected cost.

    The estimate is shipped. It was learnt from public outcome tables and our own recordings (see
    ``dynamicrag/priors/data/card.md``), and the evidence of the query corrects it. At every stage an option
    is rated by the answer that it leads to, with the other stages as decided or planned. If the prior also
    judges the drafts, the generator weighs a cascade where it pays: a draft by a cheaper model, and the next
    stronger one on doubt.

    Args:
        withhold: Parameters of :class:`~dynamicrag.routers.thresholds.Thresholds`, for ``verification``: the
            findings for which a draft is asked for again or withheld.
        explore: Exploration of options other than the best; see :class:`~dynamicrag.routers.draws.Explore`.
        deps: The policy's models, weights and embedder.
    """

    when = ("pre-generation", "post-generation", "multi-stage")
    uses = ("query", "model metadata", "response")
    how: How = "supervised"
    paper = "Lord 1980 (item response theory); Song et al. 2025, IRT-Router, arXiv 2506.01048"
    plans = True
    doubts = True

    def __init__(
        self,
        *,
        withhold: Mapping[str, Any] | None = None,
        explore: Mapping[str, Any] | None = None,
        deps: Dependencies,
    ) -> None:
        try:
            self._thresholds = Thresholds(**checked(Thresholds, dict(withhold or {}), "withhold"))
            self.explore = Explore(**checked(Explore, dict(explore or {}), "explore"))
        except PolicyError as error:
            raise ValueError(str(error)) from None  # the registry puts the place in the policy before it
        self.reads = self._thresholds.reads
        self.weights = dict(deps.weights)
        knowledge = shipped()
        self._embed = deps.embedder if deps.embeds and deps.embedder.name == knowledge.embedder else None
        self.embeds = self._embed is not None
        self._abilities = {name: profile.ability for name, profile in deps.profiles.items()}
        embedder = knowledge.embedder if self.embeds else ""
        self._outlook = Outlook(knowledge, shipped_stages(), deps.profiles, embedder, helper=deps.helper)
        self._doubt = Doubt(self._outlook, self.weights)
        self._models = dict(deps.models)

    def check(self, stage: str, options: Sequence[Option], where: str) -> None:
        """Refuse models of unknown ability, and stages that the prior knows nothing about."""
        if stage == VERIFICATION and self.explore.needs_spread:
            raise PolicyError(
                f"{where}.prior.explore: the prior does not know how uncertain it is about drafts; at "
                f"{VERIFICATION!r} use 'epsilon' or 'temperature'"
            )
        if stage == "generator":
            check_abilities(self._abilities, [option.name for option in options], where)
        elif stage not in (VERIFICATION, "retrieval", *self._outlook.stages.shifts):
            known = ", ".join(["retrieval", *self._outlook.stages.shifts, "generator", VERIFICATION])
            raise PolicyError(
                f"{where}: 'prior' knows nothing about the stage {stage!r}; valid for {known}; give this "
                "stage another router, such as fixed or rules"
            )

    def planned(self, stage: str, options: Sequence[Option]) -> int:
        """Return the option assumed for any question."""
        names = [option.name for option in options]
        plain = [names.index(name) for name in PLAIN.get(stage, ()) if name in names]
        if stage == "context":
            return next((i for i, option in enumerate(options) if option.params.get("chunks") != 0), 0)
        return plain[0] if plain else len(options) - 1 if stage in ("retriever", "generator") else 0

    async def offer(self, context: StageContext) -> Offer | Choice:
        """Return the estimates; a choice for a finding against a draft, which is not traded against cost."""
        vector = await question_vector(self._embed, context)
        if context.stage == VERIFICATION:
            finding, _ = self._thresholds.finding(context.features)
            if finding is None and context.move("accept") is not None:
                return self._doubt.offer(context, vector)
            return await self._thresholds.choose(context)
        rated = (
            rounds.rate(self._outlook, context, vector)
            if context.stage == "retrieval"
            else self._outlook.rate(context, vector)
        )
        quality, expected, reason = rated.quality, context.expected, rated.reason
        if context.stage == "generator" and "generator" in context.doubts:
            quality, expected, reason = self._with_cascades(context, rated)
        return Offer(
            quality,
            self._prices(context, expected),
            _open(context),
            rated.deviation,
            None if expected is context.expected else expected,
            reason,
        )

    def _prices(self, context: StageContext, expected: Sequence[Cost]) -> NDArray[np.float64]:
        """Return the weighted expected cost, (k,).

        A model of the turn before is charged less by what its prompt cache saves, if the question goes on.
        """
        weights = context.weights(self.weights)
        costs = np.array([[cost[d] for d in weights] for cost in expected]).reshape(len(expected), -1)
        kept = context.index(context.last["model"]) if context.saves and context.last else None
        if kept is not None and context.features.get("leans"):
            costs[kept] = np.maximum(0.0, costs[kept] - [context.saves.get(d, 0.0) for d in weights])
        prices: NDArray[np.float64] = costs @ np.array(list(weights.values()))
        return prices

    def _shows_doubt(self, option: Option) -> bool:
        """Return whether a model's drafts have token probabilities, on which the signals' AUROC rests."""
        return option.name in self._models and self._models[option.name].reports_probabilities

    def _with_cascades(
        self, context: StageContext, rated: Rated
    ) -> tuple[NDArray[np.float64], Sequence[Cost], Sequence[str]]:
        """Return quality, cost and reason of the models, each with escalation on doubt where that pays."""
        quality, expected, reason = rated.quality, list(context.expected), list(rated.reason)
        weights = context.weights(self.weights)
        prices = [cost.weighted(weights) for cost in expected]
        for i in range(len(quality) - 1):
            stronger = context.allowed[i + 1] and context.fits(
                {**context.path, "generator": context.options[i + 1].name},
                {**context.path, "generator": context.options[i].name},
            )
            if not stronger or prices[i + 1] < PAYS * prices[i] or not self._shows_doubt(context.options[i]):
                continue
            auroc = self._outlook.stages.verification.auroc
            found = cascade(self._outlook.pair(rated, i), prices[i + 1] + LEAST_GAIN, auroc)
            if found.escalated < LEAST:
                continue
            # a cascade saves cost; that it also beats the stronger model is not claimed
            gained = min(found.quality, quality[i + 1])
            price = found.escalated * prices[i + 1]
            if gained - price > max(quality[i], quality[i + 1] - prices[i + 1] + prices[i]):
                quality[i] = gained
                expected[i] = context.expected[i] + context.expected[i + 1].times(found.escalated)
                reason[i] = (
                    f"draft with it, and escalate to {context.options[i + 1].name} on doubt "
                    f"({found.escalated:.0%} of such drafts)"
                )
        return quality, expected, reason


def _open(context: StageContext) -> list[bool]:
    """Return whether each option is a candidate: cost is no reason to answer without the documents."""
    allowed = list(context.allowed)
    if context.stage == "retrieval" and not needless(context.features):
        reads = [option.name != "none" for option in context.options]
    elif context.stage == "context" and nearness(context.features) != "far":
        reads = [shows(option) for option in context.options]
    else:
        return allowed
    reading = [a and b for a, b in zip(allowed, reads, strict=True)]
    return reading if any(reading) else allowed

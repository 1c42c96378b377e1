"""Decides any stage by the shipped prior: the estimated quality of options before anything was recorded."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynamicrag.cost.ability import check_abilities
from dynamicrag.cost.vector import Cost
from dynamicrag.dependencies import Dependencies
from dynamicrag.errors import PolicyError
from dynamicrag.features.nearness import nearness
from dynamicrag.features.needless import needless
from dynamicrag.predictors.base import How
from dynamicrag.predictors.selection import GREEDY, select
from dynamicrag.priors.cascade import cascade
from dynamicrag.priors.context import shows
from dynamicrag.priors.knowledge import shipped
from dynamicrag.priors.stages import shipped_stages
from dynamicrag.registry import checked
from dynamicrag.routers import rounds
from dynamicrag.routers.base import ROUTERS, Choice, Router, StageContext
from dynamicrag.routers.doubt import LEAST_GAIN, Doubt
from dynamicrag.routers.draws import Explore, generator
from dynamicrag.routers.outlook import PLAIN, Outlook, Rated
from dynamicrag.routers.thresholds import Thresholds
from dynamicrag.types import Option

PAYS = 4.0
"""Ratio of the weighted costs of two models from which a cascade is considered."""
LEAST = 0.01
"""Share of escalated drafts below which it is no cascade."""
SHOWN = 0.005
"""Weighted cost from which a reason names it."""
VERIFICATION = "verification"


class Offer(NamedTuple):
    """The quality and the cost of each option.

    Attributes:
        quality: Estimated quality, (k,).
        expected: Expected cost, k of them.
        reason: The evidence, k of them; ``""`` if there is none.
    """

    quality: NDArray[np.float64]
    expected: Sequence[Cost]
    reason: Sequence[str]


@ROUTERS.register("prior")
class Prior(Router):
    """Takes the option with the highest estimated quality minus weighted expected cost.

    The estimate is shipped. It was learnt from public outcome tables and our own recordings (see
    ``dynamicrag/priors/data/card.md``), and the evidence of the query corrects it. At every stage an option
    is rated by the answer that it leads to, with the other stages as decided or planned. If the prior also
    judges the drafts, the generator weighs a cascade where it pays: a draft by a cheaper model, and the next
    stronger one on doubt.

    Args:
        withhold: Parameters of :class:`~dynamicrag.routers.thresholds.Thresholds`, for ``verification``: the
            findings for which a draft is asked for again or withheld.
        explore: Rate of other options than the best: ``{epsilon, temperature, seed}``.
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
            self._explore = Explore(**checked(Explore, dict(explore or {}), "explore"))
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

    async def choose(self, context: StageContext) -> Choice:
        """See the base class."""
        vector = await self._vector(context)
        if context.stage == VERIFICATION:
            finding, _ = self._thresholds.finding(context.features)
            if finding is None and context.move("accept") is not None:
                return self._doubt.choose(context, vector)
            return await self._thresholds.choose(context)
        rated = (
            rounds.rate(self._outlook, context, vector)
            if context.stage == "retrieval"
            else self._outlook.rate(context, vector)
        )
        offer = Offer(rated.quality, context.expected, rated.reason)
        if context.stage == "generator" and "generator" in context.doubts:
            offer = self._with_cascades(context, rated)
        how, open_ = self._explore.how, _open(context)
        chosen = select(
            offer.quality,
            self._costs(context, offer),
            list(self.weights.values()),
            allowed=open_,
            explore=how,
            rng=generator(self._explore.seed, context) if how != GREEDY else None,
        )
        index = int(chosen.index)
        return Choice(
            index=index,
            reason=_reason(context, offer, open_, np.asarray(offer.quality - chosen.score), index),
            propensity=float(chosen.propensity),
            quality=[float(q) for q in offer.quality],
            spread=[float(s) for s in rated.deviation],
            expected=None if offer.expected is context.expected else offer.expected,
        )

    def _costs(self, context: StageContext, offer: Offer) -> NDArray[np.float64]:
        """Return the expected amounts of the weighted dimensions, (k, c).

        A model of the turn before is charged less by what its prompt cache saves, if the question goes on.
        """
        costs = np.array([[cost[d] for d in self.weights] for cost in offer.expected])
        costs = costs.reshape(len(offer.expected), -1)
        kept = context.index(context.last["model"]) if context.saves and context.last else None
        if kept is not None and context.features.get("leans"):
            costs[kept] = np.maximum(0.0, costs[kept] - [context.saves.get(d, 0.0) for d in self.weights])
        return costs

    async def _vector(self, context: StageContext) -> NDArray[np.float32] | None:
        """Return the embedding of the question; ``None`` without an embedder, or where it is not needed."""
        text = context.query.text
        if self._embed is None or needless(context.features) or not self._embed.reads(text):
            return None
        found: NDArray[np.float32] = (await asyncio.to_thread(self._embed, [text]))[0]
        return found

    def _shows_doubt(self, option: Option) -> bool:
        """Return whether a model's drafts have token probabilities, on which the signals' AUROC rests."""
        return option.name in self._models and self._models[option.name].reports_probabilities

    def _with_cascades(self, context: StageContext, rated: Rated) -> Offer:
        """Return the models, each with escalation on doubt to the next stronger one where that pays."""
        quality, expected, reason = rated.quality, list(context.expected), list(rated.reason)
        prices = [cost.weighted(self.weights) for cost in expected]
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
        return Offer(quality, expected, reason)


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


def _reason(
    context: StageContext, offer: Offer, open_: Sequence[bool], price: NDArray[np.float64], index: int
) -> str:
    """Return the figures that decided, of the chosen option and of its best rival, and the evidence."""
    others = [i for i, allowed in enumerate(open_) if allowed and i != index]
    why = f"; {offer.reason[index]}" if offer.reason[index] else ""
    own = f"estimated {_worth(offer.quality[index], price[index])}"
    own += " for its cost" if price[index] >= SHOWN else ""
    if not others:
        return f"{own}; nothing else is open{why}"
    rival = max(others, key=lambda i: offer.quality[i] - price[i])
    other = _worth(offer.quality[rival], price[rival])
    return f"{own}, against {other} for {context.options[rival].name}{why}"


def _worth(quality: float, price: float) -> str:
    return f"{quality:.2f} less {price:.2f}" if price >= SHOWN else f"{quality:.2f}"

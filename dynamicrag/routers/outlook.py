"""Estimates the quality of every option of a stage from the shipped prior, on one scale.

The scale is the logit of P(the answer is right): the base of a strategy and a model on this question, plus a
shift per stage for the option that is decided or planned there. So an option is rated by the answer that it
leads to, as its cost is.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynamicrag.cost.rates import Profile
from dynamicrag.features.needless import needless
from dynamicrag.priors.cascade import Pair, pair
from dynamicrag.priors.context import shows
from dynamicrag.priors.generation import CENTRE, STRATEGIES, Logits
from dynamicrag.priors.knowledge import Knowledge
from dynamicrag.priors.stages import Stages
from dynamicrag.routers.base import StageContext
from dynamicrag.topology import TOPOLOGY
from dynamicrag.types import Option

PLAIN = {"retrieval": ("single",), "prompt": ("direct",)}
"""Options assumed for any question, by stage."""
UNREAD = -3.0
"""Logit without the documents where they are needed: the user's documents are not in any model."""
UNNEEDED = 3.0
"""Logit without the documents where they are not needed."""


class Rated(NamedTuple):
    """The estimated quality of a stage's options.

    Attributes:
        logit: Logit of P(the answer is right), (k,).
        reason: The evidence for each option, k of them; ``""`` if there is none.
        spread: Standard deviation of the logits, (k,).
    """

    logit: NDArray[np.float64]
    reason: Sequence[str]
    spread: NDArray[np.float64]

    @property
    def quality(self) -> NDArray[np.float64]:
        """P(the answer is right), (k,)."""
        return np.asarray(1.0 / (1.0 + np.exp(-self.logit)))

    @property
    def deviation(self) -> NDArray[np.float64]:
        """Standard deviation of the qualities, (k,), to first order."""
        quality = self.quality
        return np.asarray(self.spread * quality * (1.0 - quality))


class Outlook:
    """The prior's view of a policy's options.

    Args:
        knowledge: The learnt prior of questions and models.
        stages: The learnt priors of the other stages.
        profiles: The profile of each model, with its ability θ.
        embedder: Name of the embedding model whose vectors are at hand; ``""`` without one.
        helper: Name of the model that reasons between the rounds of iterative retrieval, if any.
    """

    def __init__(
        self,
        knowledge: Knowledge,
        stages: Stages,
        profiles: Mapping[str, Profile],
        embedder: str,
        *,
        helper: str | None,
    ) -> None:
        self.stages = stages
        self.generation = knowledge.generation(embedder)
        self._abilities = {name: each.ability for name, each in profiles.items() if each.ability is not None}
        self.helper = helper

    def rate(self, context: StageContext, vector: NDArray[np.float32] | None) -> Rated:
        """Rate the options of a stage other than ``retrieval``; see :func:`~dynamicrag.routers.rounds.rate`.

        Args:
            context: The context of the decision.
            vector: Embedding of the question, (d,); ``None`` without an embedder.
        """
        stage, options = context.stage, context.options
        if stage == "generator":
            return self.models(context, vector, [option.name for option in options])
        base = self.models(context, vector, [self.planned(context, "generator")], without=stage)
        own = self.stages.shifts[stage].shifts(options, self.signals(context))
        spread = np.hypot(base.spread[0], np.full(len(options), own.spread))
        return Rated(base.logit[0] + np.asarray(own.logit, dtype=np.float64), own.reason, spread)

    def pair(self, rated: Rated, weak: int) -> Pair:
        """Return the joint probabilities of a rated model and the next one."""
        return pair(float(rated.logit[weak]), float(rated.logit[weak + 1]), float(rated.spread[weak]))

    def stepped(self, context: StageContext, stage: str, option: Option) -> tuple[float, float]:
        """Return the shifts of a stage's option in force and of another one."""
        if stage not in self.stages.shifts:
            return 0.0, 0.0
        both = [context.plan[stage], option]
        now, then = self.stages.shifts[stage].shifts(both, self.signals(context)).logit
        return now, then

    def models(
        self,
        context: StageContext,
        vector: NDArray[np.float32] | None,
        names: Sequence[str],
        without: str = "generator",
    ) -> Rated:
        """Rate the answers of some models, with the decided and planned options of the other stages."""
        strategy = self.planned(context, "retrieval") or "single"
        shift, reason = self.others(context, without)
        if strategy == "none":
            why = [needless(context.features)] * len(names)
            return Rated(self._without(context, names) + shift, why, np.ones(len(names)))
        if without != "context" and not self._shows(context):
            strategy = "none"  # beyond the documents, the knowledge of public tables does count
        rows = self.base(context, vector, names, [strategy if strategy in STRATEGIES else "single"])
        return Rated(rows.logit[0] + shift, [reason] * len(names), rows.spread[0])

    def _without(self, context: StageContext, names: Sequence[str]) -> NDArray[np.float64]:
        """Return the logits of models that answer without the documents, (m,)."""
        if not needless(context.features):
            return np.full(len(names), UNREAD)
        if context.features.get("greeting"):
            return np.full(len(names), UNNEEDED)
        return UNNEEDED + np.array([self.ability(name) - CENTRE for name in names])

    def ability(self, name: str) -> float:
        """Return the ability θ of a model."""
        return self._abilities.get(name, CENTRE)

    def base(
        self,
        context: StageContext,
        vector: NDArray[np.float32] | None,
        names: Sequence[str],
        strategies: Sequence[str],
    ) -> Logits:
        """Return the logits of strategies with models on the question, (s, m)."""
        asked = self.generation.question(context.query.text, vector)
        return self.generation.logits(asked, [self.ability(name) for name in names], strategies)

    def others(self, context: StageContext, without: str) -> tuple[float, str]:
        """Return the sum of the other stages' shifts, and the reason of the strongest."""
        taken = {stage: option.name for stage, option in context.plan.items()}
        total, most, reason = 0.0, 0.0, ""
        signals = self.signals(context)
        for stage, prior in self.stages.shifts.items():
            if stage == without or stage not in context.plan or TOPOLOGY[stage].passed(taken):
                continue
            own = prior.shifts([context.plan[stage]], signals)
            total += own.logit[0]
            if abs(own.logit[0]) > most:
                most = abs(own.logit[0])
                reason = f"{context.plan[stage].name}: {own.reason[0]}" if own.reason[0] else ""
        return total, reason

    def signals(self, context: StageContext) -> dict[str, float]:
        """Return the signals known so far, with the ability of the planned model."""
        model = self.planned(context, "generator")
        return {**context.features, "ability": self.ability(model)}

    @staticmethod
    def _shows(context: StageContext) -> bool:
        """Return whether the decided or planned context shows passages."""
        option = context.plan.get("context")
        return option is None or shows(option)

    @staticmethod
    def planned(context: StageContext, stage: str) -> str:
        """Return the name of the option that is decided or planned at a stage."""
        option: Option | None = context.plan.get(stage)
        return "" if option is None else option.name

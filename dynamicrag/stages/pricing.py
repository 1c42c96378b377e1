"""What is left to do under each option of a stage, and what that is expected to cost."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from dynamicrag.cost.budget import HARD
from dynamicrag.cost.expect import CHARACTERS, CostModel, Plan
from dynamicrag.cost.vector import DIMENSIONS, Cost, Dimension
from dynamicrag.predictors.selection import admissible
from dynamicrag.stages.base import StageBase
from dynamicrag.stages.verification import VerificationStage
from dynamicrag.types import STAGES, Option, Stage, TurnState

LEVERS: tuple[Stage, ...] = ("generator", "context", "prompt", "retriever", "retrieval", "verification")
"""Stages by how much of a path's cost hangs on them."""
SEARCHED: frozenset[Stage] = frozenset(LEVERS[:4])
"""Stages whose options are other ways on. Whether to retrieve is no such option: that is what is at stake."""
ROUNDS = 3
NOTHING = Cost()
Opens = Callable[[str, str], bool]
"""Whether an option may be taken at a stage."""


class Room(NamedTuple):
    """What the options of a stage leave to do within what is left.

    Attributes:
        plans: What is left to do under each: as planned, or by another way where only that fits.
        fits: Whether there is such a way.
        binding: The dimension that struck out most of the others.
    """

    plans: Sequence[Plan | None]
    fits: Sequence[bool]
    binding: Dimension | None


class Pricing:
    """Prices what the options of a stage leave to do, whole paths, and what there is room for.

    Args:
        stages: The stages by name.
        cost_model: Prices plans.
    """

    def __init__(self, stages: Mapping[str, StageBase], cost_model: CostModel) -> None:
        self._stages = stages
        self._planned = {name: stage.planned() for name, stage in stages.items()}
        self._cost_model = cost_model

    def plans(self, stage: StageBase, turn: TurnState) -> list[Plan | None]:
        """Return what is left to do under each option; accepting and abstaining end the path."""
        path = turn.get("path", {})
        if isinstance(stage, VerificationStage):  # what is left is all from another draft on
            return [stage.plan(option, turn, partial(self._plan, turn)) for option in stage.options]
        at = STAGES.index(stage.name)
        before = self._plan(turn, path, STAGES[:at])
        steps = [(self._stages[name].apply, self._option(name, path)) for name in STAGES[at + 1 :]]
        plans: list[Plan | None] = []
        for option in stage.options:
            plan = stage.apply(option, before)
            for apply, downstream in steps:
                plan = apply(downstream, plan)
            plans.append(plan)
        return plans

    def expected(self, plans: Sequence[Plan | None]) -> list[Cost]:
        """Return the expected cost of each plan."""
        return [self._cost_model.price(plan) if plan else NOTHING for plan in plans]

    def price(self, turn: TurnState, path: Mapping[str, str]) -> Cost:
        """Return what a whole path is expected to cost."""
        return self._cost_model.price(self._plan(turn, path))

    def at_most(self, plans: Sequence[Plan | None]) -> list[dict[Dimension, float]]:
        """Return what must fit a limit: the worst case of what is never overspent, else what is expected.

        Verifiers aside: an answer is not given up for want of what would judge it.
        """
        bare = [plan and plan._replace(asks=()) for plan in plans]
        worst = [self._cost_model.worst(plan) if plan else NOTHING for plan in bare]
        return [
            {d: (w if d in HARD else e)[d] for d in DIMENSIONS}
            for w, e in zip(worst, self.expected(bare), strict=True)
        ]

    def within(
        self,
        stage: StageBase,
        turn: TurnState,
        plans: Sequence[Plan | None],
        left: Mapping[Dimension, float],
        opens: Opens,
    ) -> Room:
        """Return which options fit into what is left, by the planned way on or by any other.

        So a cheaper model is taken before the documents are dropped: retrieval stays open where the planned
        model cannot read what is found and a cheaper one can. The search for another way is made only where
        the planned one does not fit: stage by stage, the cheapest option, the largest lever first. Options
        that ``opens`` closes are no way.
        """
        fits, binding = admissible(self.at_most(plans), left)
        if all(fits) or isinstance(stage, VerificationStage):
            return Room(plans, fits, binding)
        before = self._plan(turn, turn.get("path", {}), STAGES[: STAGES.index(stage.name)])
        found = list(plans)
        for number, option in enumerate(stage.options):
            if not fits[number]:
                other = self._other_way(stage.name, stage.apply(option, before), turn, left, opens)
                if admissible(self.at_most([other]), left)[0][0]:
                    found[number], fits[number] = other, True
        return Room(found, fits, binding)

    def _other_way(
        self, name: Stage, plan: Plan, turn: TurnState, left: Mapping[Dimension, float], opens: Opens
    ) -> Plan:
        """Return the plan of a way on from a stage that fits, or of the one that oversteps the limits least.

        Of the models that fit, the strongest: it is what a router takes where the planned one is closed.
        """
        stages = [self._stages[after] for after in STAGES[STAGES.index(name) + 1 :]]
        taken = [self.reckoned(stage, opens) for stage in stages]
        best, least = self._on(plan, stages, taken), math.inf
        for _ in range(ROUNDS):
            start = least
            for at in sorted(range(len(stages)), key=lambda at: LEVERS.index(stages[at].name)):
                wanted = stages[at].wanted(turn)
                for option in reversed(stages[at].options) if stages[at].name in SEARCHED else ():
                    tried = [*taken[:at], option, *taken[at + 1 :]]
                    if wanted in (None, option.name) and opens(stages[at].name, option.name):
                        way = self._on(plan, stages, tried)
                        over = self._overstep(way, left)
                        if over <= 1:
                            return way
                        if over < least:
                            best, least, taken = way, over, tried
            if least == start:
                break
        return best

    def reckoned(self, stage: StageBase, opens: Opens) -> Option:
        """Return the option to reckon with at a stage: the planned one, or else the first that is open."""
        planned = self._planned[stage.name]
        return next((one for one in (planned, *stage.options) if opens(stage.name, one.name)), planned)

    @staticmethod
    def _on(plan: Plan, stages: Sequence[StageBase], options: Sequence[Option]) -> Plan:
        for stage, option in zip(stages, options, strict=True):
            plan = stage.apply(option, plan)
        return plan

    def _overstep(self, plan: Plan, left: Mapping[Dimension, float]) -> float:
        (most,) = self.at_most([plan])
        return max(most[d] / max(amount, 1e-12) for d, amount in left.items())

    def fits(
        self,
        turn: TurnState,
        path: Mapping[str, str],
        before: Sequence[Mapping[str, str]],
        left: Mapping[Dimension, float],
    ) -> bool:
        """Return whether there is room for a whole path in what others are expected to leave."""
        spent = sum((self.price(turn, other) for other in before), NOTHING)
        rest = {d: amount - spent[d] for d, amount in left.items()}
        return admissible(self.at_most([self._plan(turn, path)]), rest)[0][0]

    def _plan(self, turn: TurnState, path: Mapping[str, str], stages: Sequence[str] = STAGES) -> Plan:
        """Return the empty plan as the options of ``path`` at ``stages`` change it."""
        found = [len(passage["text"]) / CHARACTERS for passage in turn.get("candidates", [])]
        plan = Plan(
            question_tokens=len(turn["text"]) / CHARACTERS,
            chunk_tokens=sum(found) / len(found) if found else None,
        )
        for name in stages:
            plan = self._stages[name].apply(self._option(name, path), plan)
        return plan

    def _option(self, name: str, path: Mapping[str, str]) -> Option:
        """Return the option of ``path`` at a stage, or the planned one."""
        chosen = path.get(name)
        index = -1 if chosen is None else self._stages[name].index(chosen)
        return self._planned[name] if index < 0 else self._stages[name].options[index]

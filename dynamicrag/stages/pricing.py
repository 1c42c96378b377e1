"""What is left to do under each option of a stage, and what that is expected to cost."""

from collections.abc import Mapping, Sequence
from functools import partial

from dynamicrag.cost.budget import HARD
from dynamicrag.cost.expect import CostModel, Plan
from dynamicrag.cost.vector import DIMENSIONS, Cost, Dimension
from dynamicrag.predictors.selection import admissible
from dynamicrag.stages.base import StageBase
from dynamicrag.stages.verification import VerificationStage
from dynamicrag.types import STAGES, Option, TurnState

CHARACTERS = 4.0  # per token, about, in English
NOTHING = Cost()


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

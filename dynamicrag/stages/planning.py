"""Plans the options of the stages ahead, with their own routers, from the current knowledge of a query.

A plan is made before the first decision, and again after every retrieval, whose evidence may change it. It
sets the expected cost of each option: the rest of the path is priced at the planned options.
"""

from collections.abc import Awaitable, Callable, Mapping

from dynamicrag.routers.base import StageContext
from dynamicrag.stages.base import DecisionPoint, StageBase
from dynamicrag.stages.choices import chosen
from dynamicrag.topology import TOPOLOGY
from dynamicrag.turn import TurnState

Sketch = Callable[[StageBase, TurnState], Awaitable[StageContext]]
"""Function from a stage and a turn before it to the context of the decision, without limits of cost.

If the plan exceeds the limits, the decision itself searches another way.
"""


class Planner:
    """Plans the stages ahead of a decision."""

    def __init__(self, stages: Mapping[str, StageBase]) -> None:
        self._stages = stages
        self._names = list(stages)
        self._planning = {
            name for name, each in stages.items() if each.router.plans and len(each.options) > 1
        }

    def due(self, point: DecisionPoint, turn: TurnState) -> bool:
        """Return whether the stages after ``point`` are planned again before it decides."""
        if point.name not in self._stages:
            return False
        at = self._names.index(point.name)
        if self._planning.isdisjoint(self._names[at + 1 :]):
            return False
        return "plan" not in turn or bool(at and TOPOLOGY[self._names[at - 1]].evidence)

    async def plan(
        self, point: DecisionPoint, turn: TurnState, usual: Mapping[str, str], sketch: Sketch
    ) -> dict[str, str]:
        """Return the planned option of every stage after ``point`` that is not passed by.

        ``usual`` has the option of every stage whose router does not plan.
        """
        taken = {**usual, **turn.get("path", {})}
        plan: dict[str, str] = {}
        for name in self._names[self._names.index(point.name) + 1 :]:
            if TOPOLOGY[name].passed(taken):
                continue
            if name in self._planning and name not in turn.get("path", {}):
                stage = self._stages[name]
                context = await sketch(stage, {**turn, "path": taken})
                if any(context.allowed):
                    taken[name] = stage.options[(await chosen(stage.router, context)).index].name
            plan[name] = taken[name]
        return plan

"""Plans the options of the stages ahead, with their own routers, from the current knowledge of a query.

A plan is made before the first decision, and anew after every retrieval, whose evidence may change it. It
sets the expected cost of each option: the rest of the path is priced at the planned options.
"""

from collections.abc import Mapping

from dynamicrag.call_options import CallOptions
from dynamicrag.routers.base import StageContext
from dynamicrag.stages.base import DecisionPoint, StageBase, query_of
from dynamicrag.stages.choices import chosen
from dynamicrag.stages.pricing import Pricing
from dynamicrag.topology import TOPOLOGY
from dynamicrag.types import TurnState


class Planner:
    """Plans the stages ahead of a decision.

    Args:
        stages: The stages by name, in order.
        pricing: Prices their options.
        doubts: Stages that verification decides again if a draft is probably wrong.
    """

    def __init__(self, stages: Mapping[str, StageBase], pricing: Pricing, doubts: frozenset[str]) -> None:
        self._stages = stages
        self._names = list(stages)
        self._pricing = pricing
        self._doubts = doubts
        self._planning = {
            name for name, each in stages.items() if each.router.plans and len(each.options) > 1
        }

    def due(self, point: DecisionPoint, turn: TurnState) -> bool:
        """Return whether the stages after ``point`` are planned anew before it decides."""
        if point.name not in self._stages:
            return False
        at = self._names.index(point.name)
        if self._planning.isdisjoint(self._names[at + 1 :]):
            return False
        return "plan" not in turn or bool(at and TOPOLOGY[self._names[at - 1]].evidence)

    async def plan(
        self, point: DecisionPoint, turn: TurnState, features: Mapping[str, float], call: CallOptions
    ) -> dict[str, str]:
        """Return the planned option of every stage after ``point`` that is not passed by.

        Limits of cost are left out: if the plan exceeds them, the decision searches another way.

        Args:
            point: The stage that decides next.
            turn: The turn.
            features: The signals known so far.
            call: The options of the call.
        """
        ahead = self._pricing.permitted(turn, call)
        taken = {name: ahead["path"].get(name) or self._pricing.planned(name) for name in self._names}
        plan: dict[str, str] = {}
        for name in self._names[self._names.index(point.name) + 1 :]:
            if TOPOLOGY[name].passed(taken):
                continue
            if name in self._planning and name not in turn.get("path", {}):
                taken[name] = await self._choice(self._stages[name], {**ahead, "path": taken}, features, call)
            plan[name] = taken[name]
        return plan

    async def _choice(
        self, stage: StageBase, turn: TurnState, features: Mapping[str, float], call: CallOptions
    ) -> str:
        """Return the option that a stage's router chooses on the current knowledge."""
        own = await stage.corpus_features(turn["text"], call.filter)
        context = StageContext(
            stage=stage.name,
            query=query_of(turn),
            options=stage.options,
            allowed=stage.opened(turn, call),
            expected=self._pricing.expected(self._pricing.plans(stage, turn)),
            left={},
            features={**features, **own},
            path=turn["path"],
            settings=stage.settings,
            price=lambda path: self._pricing.price(turn, path),
            plan=self._pricing.options(turn),
            doubts=self._doubts,
            call=call,
            passages=turn.get("candidates", []),
        )
        if not any(context.allowed):
            return turn["path"][stage.name]
        return stage.options[(await chosen(stage.router, context)).index].name

"""Rebuilds the context of a logged decision for a candidate's router.

Options before the decision are the logged ones. Later stages have the option that the candidate plans with
for any question, never the logged one: that one was chosen, or drawn, after this decision. Expected costs and
features are the logged ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dynamicrag.call_options import CallOptions
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.vector import UNKNOWN, Cost, Kind
from dynamicrag.drafts.verification import Verification
from dynamicrag.learning.logged_vectors import text_of
from dynamicrag.routers.base import StageContext
from dynamicrag.stages.base import DecisionPoint, StageBase
from dynamicrag.store.logged import LoggedDecision, LoggedQuery
from dynamicrag.types import Move, Option, Query

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from dynamicrag.llm.completion import Completion


class MissingOption(Exception):
    """The log took an option at an earlier stage that the candidate lacks."""


class ModelCalled(Exception):
    """A router called a model."""


@dataclass(slots=True)
class Silent:
    """The ``Ask`` of a replay: it records that a router called a model, and refuses."""

    asked: bool = False
    seconds: float = field(default=0.0)
    calls: int = field(default=0)

    async def __call__(self, messages: "Sequence[BaseMessage]", **how: Any) -> "Completion":  # noqa: ARG002
        """Refuse."""
        self.asked = True
        raise ModelCalled("a replay calls no model")


class Rebuilder:
    """Rebuilds contexts for the decision points of one candidate.

    Args:
        points: Its decision points by name, in order.
    """

    def __init__(self, points: Mapping[str, DecisionPoint]) -> None:
        self._points = points
        self._stages = {name: each for name, each in points.items() if isinstance(each, StageBase)}
        self._planned = {name: stage.planned() for name, stage in self._stages.items()}
        self._doubts = next(
            (each.doubts for each in points.values() if isinstance(each, Verification)), frozenset[str]()
        )

    def context(
        self, query: LoggedQuery, decision: LoggedDecision, path: Mapping[str, str], ask: Silent
    ) -> StageContext:
        """Return the context of a logged decision.

        Args:
            query: The query.
            decision: The decision.
            path: The options in force before it.
            ask: Refuses calls of models.

        Raises:
            MissingOption: An option in force is not the candidate's.
        """
        point = self._points[decision.stage]
        allowed = dict(zip(decision.options, decision.allowed, strict=True))
        expected = dict(zip(decision.options, decision.expected, strict=True))
        return StageContext(
            stage=point.name,
            query=Query(query.id, text_of(query), text_of(query)),
            options=point.options,
            allowed=[allowed.get(option.name, False) for option in point.options],
            expected=[_cost(expected.get(option.name, {})) for option in point.options],
            left={},
            features=dict(decision.features),
            path=dict(path),
            settings=point.settings,
            ask=ask,
            plan=self._plan(path),
            doubts=self._doubts,
            steps=self._steps(point, path),
            call=CallOptions(tags=query.tags),
        )

    def _plan(self, path: Mapping[str, str]) -> dict[str, Option]:
        plan = {}
        for name, stage in self._stages.items():
            index = stage.index(path[name]) if name in path else None
            if index == -1:
                raise MissingOption(f"{path[name]!r} of {name}")
            plan[name] = self._planned[name] if index is None else stage.options[index]
        return plan

    def _steps(self, point: DecisionPoint, path: Mapping[str, str]) -> dict[str, tuple[str, Option]]:
        """Return the stage and the option to which a move back to each stage leads."""
        steps = {}
        for move in point.options:
            if isinstance(point, Verification) and isinstance(move, Move) and move.kind == "redo":
                for stage, option in point.steps_up(move, path)[:1]:
                    own = self._stages[stage]
                    steps[move.stage] = stage, own.options[own.index(option)]
        return steps


def _cost(amounts: Mapping[str, float | None]) -> Cost:
    parts: dict[tuple[str, Kind], float] = {
        (dimension, UNKNOWN if amount is None else "modelled"): amount or 0.0
        for dimension, amount in amounts.items()
        if dimension in DIMENSIONS
    }
    return Cost(parts)

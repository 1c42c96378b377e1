"""The node that asks for more budget: it has paid nothing, and interrupts the graph."""

import reprlib
from collections.abc import Callable, Mapping
from typing import Any

from langgraph.errors import GraphInterrupt
from langgraph.types import interrupt

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.graph.call_reader import is_number
from dynamicrag.graph.names import Names
from dynamicrag.graph.node import Execution, Node, Result
from dynamicrag.graph.policies import Policies
from dynamicrag.graph.stored import submit
from dynamicrag.offers import BudgetRequest
from dynamicrag.policy.assembly import Pipeline
from dynamicrag.turn import TurnState
from dynamicrag.walk.lacking import granted
from dynamicrag.walk.walk import Walk

VALID = (
    "True for the cheapest offer, False for no more budget, or amounts by dimension, for example {example}"
)


class Ask(Node):
    """Interrupts the graph with a request for more budget, and applies the answer.

    The stages before have settled their calls, and this node makes none. The caller resumes the graph
    with ``Command(resume=...)``: ``True`` grants the cheapest offer, a mapping grants amounts by dimension,
    and ``False`` refuses. Any other answer interrupts it again, with an ``error`` in the request.

    Args:
        policies: See :class:`Node`.
        name: See :class:`Node`.
        names: See :class:`Node`.
        walk: Returns the walk of a turn's policy.
    """

    def __init__(
        self, policies: Policies, name: str, names: Names, walk: Callable[[TurnState], Walk]
    ) -> None:
        super().__init__(policies, name, names, whole=True)
        self._walk = walk

    async def _work(self, at: Execution) -> Result:
        turn, run = at.turn, at.run
        lack = turn.get("lack")
        if lack is None:
            return turn, [], {}
        try:
            amounts = answer_to(lack["request"])
        except GraphInterrupt:
            submit(at.pipeline, turn, run, self._facts(turn, at.pipeline))
            raise
        if amounts is not None:
            return granted(turn, amounts), [], {}
        return *await self._walk(turn).refuse(turn, run), {}

    @staticmethod
    def _facts(turn: TurnState, pipeline: Pipeline) -> dict[str, Any]:
        """Return the facts of a query that waits; they are kept if nobody answers."""
        text = {"question": turn["original"]} if pipeline.policy.runs.text else {}
        return {"path": turn["path"], "waiting": True, **text}


def answer_to(request: BudgetRequest) -> dict[str, float] | None:
    """Interrupt the graph until the request has a valid answer, and return the amounts granted.

    Returns:
        The amounts by dimension; ``None`` if more budget is refused.
    """
    answer: Any = interrupt(request)
    while problem := _problem(answer, request):
        answer = interrupt({**request, "error": problem})
    if answer is False:
        return None
    extra = request["offers"][0]["extra"] if answer is True else answer
    return {dimension: float(amount) for dimension, amount in extra.items()}


def _problem(answer: Any, request: BudgetRequest) -> str:
    """Return the problem of an answer; ``""`` if it is valid."""
    if isinstance(answer, bool):
        return ""
    limits = request["limits"]
    valid = "valid: " + VALID.format(example=request["offers"][0]["extra"])
    if not isinstance(answer, Mapping) or not answer:
        return f"the answer {reprlib.repr(answer)} is not understood; {valid}"
    for dimension, amount in answer.items():
        if dimension not in limits:
            known = "is not limited here" if dimension in DIMENSIONS else "is no dimension of cost"
            return f"{reprlib.repr(dimension)} {known}; limited: {', '.join(limits)}; {valid}"
        if not is_number(amount) or amount <= 0:
            return f"{dimension}: {reprlib.repr(amount)} is no amount above 0; {valid}"
    return ""

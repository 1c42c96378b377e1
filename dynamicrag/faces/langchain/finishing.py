"""Ends a task: its report, its entry in the decision log, and its books."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from dynamicrag.graph.feedback import learn_from
from dynamicrag.graph.report import report_of
from dynamicrag.graph.stored import commit, facts_of, submit
from dynamicrag.records import Decision
from dynamicrag.stages.base import Run
from dynamicrag.turn import Draft, TurnState

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

    from dynamicrag.cost.line import Line
    from dynamicrag.policy.assembly import Pipeline


async def finished(
    pipeline: "Pipeline",
    turn: TurnState,
    decisions: Sequence[Decision],
    lines: "Sequence[Line]",
    run: Run,
    message: "AIMessage | None",
) -> tuple[TurnState, dict[str, Any]]:
    """Log a finished task and close its books; return its turn and its report.

    The message is the final one; ``None`` if there is no answer.
    """
    text = "" if message is None else message.text
    turn = {**turn, "draft": None if message is None else _draft(message, turn)}
    report = report_of(turn, lines, pipeline.ledger)
    run.emit({"type": "report", **report})
    facts = facts_of(pipeline, turn, decisions, text)
    submit(pipeline, turn, run, facts)
    await commit(pipeline, turn, decisions, run)
    learn_from(pipeline, turn, text, partial(submit, pipeline, turn, run, facts))
    return turn, report


def _draft(message: "AIMessage", turn: TurnState) -> Draft:
    return Draft(
        text=message.text,
        message_id=message.id or "",
        model=turn["path"].get("generator", ""),
        streamed=False,
        dropped=[],
        signals={},
        refined=False,
    )

"""Stores a query: its account and its facts in the run database, its decisions in the decision log."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from dynamicrag.cost.finished import Finished
from dynamicrag.cost.in_thread import in_thread
from dynamicrag.features.lexical import lexical
from dynamicrag.graph.log_entry import entry_of
from dynamicrag.policy.assembly import Pipeline
from dynamicrag.records import Decision
from dynamicrag.stages.base import Run, option_names
from dynamicrag.store.logged import LoggedQuery
from dynamicrag.turn import TurnState

__all__ = ["commit", "facts_of", "submit", "submit_part"]

COMMIT_SECONDS = 15.0
"""Time for which an answer waits for the decision log."""


def submit(
    pipeline: Pipeline,
    turn: TurnState,
    run: Run,
    facts: Mapping[str, Any],
    *,
    entry: Callable[[], LoggedQuery] | None = None,
    goes_on: bool = False,
) -> None:
    """Pass a query to the bookkeeper, which stores no account if another query pays and has the calls.

    Args:
        pipeline: Its policy.
        turn: Its turn.
        run: Its run.
        facts: Further facts for its record.
        entry: Makes its entry in the decision log, unless that is committed already.
        goes_on: Whether further calls may follow.
    """
    paid = pipeline.ledger.paid_by(turn["id"]) != turn["id"]
    named = {
        "policy": pipeline.policy.name,
        "options": option_names(pipeline.points),
        "thread": run.thread,
        "tags": list(run.call.tags),
        "user": run.call.user,
    }
    kept = Finished(turn["id"], turn["text"], {**named, **facts}, goes_on, entry, run.call.user, paid)
    pipeline.bookkeeper.submit(kept)


def submit_part(
    pipeline: Pipeline, turn: TurnState, decisions: Sequence[Decision], run: Run, **end: object
) -> None:
    """Pass a query so far to the bookkeeper, with its entry in the decision log.

    ``end`` has facts of its end, for example ``error``; without any, further calls may follow.
    """
    entry = partial(entry_of, turn, decisions, run, pipeline) if decisions else None
    facts = {**facts_of(pipeline, turn, decisions), **end}
    submit(pipeline, turn, run, facts, entry=entry, goes_on=not end)


def facts_of(
    pipeline: Pipeline,
    turn: TurnState,
    decisions: Sequence[Decision],
    answer: str = "",
    *,
    abstained: bool = False,
) -> dict[str, Any]:
    """Return the facts of a query that the run database stores; texts only if the policy stores them."""
    steps = [f"{step['stage']}:{step['option']}" for step in turn["escalations"]]
    facts = {"path": turn["path"], "abstained": abstained, "escalations": steps, "signals": turn["signals"]}
    if pipeline.policy.observe:
        facts["features"] = lexical(turn["text"]) | turn.get("known", {})
    if pipeline.policy.runs.text:
        facts |= {"question": turn["original"], "answer": answer, "decisions": list(decisions)}
    return facts


async def commit(pipeline: Pipeline, turn: TurnState, decisions: Sequence[Decision], run: Run) -> None:
    """Commit a query to the decision log, before its answer returns."""
    if pipeline.log is None:
        return
    books, entry = pipeline.bookkeeper, partial(entry_of, turn, decisions, run, pipeline)
    try:
        async with asyncio.timeout(COMMIT_SECONDS):
            await in_thread(lambda: books.commit(turn["id"], entry, run.call.user))
    except TimeoutError:
        books.failed(turn["id"], "decisions", f"no answer from the store in {COMMIT_SECONDS:g} s")

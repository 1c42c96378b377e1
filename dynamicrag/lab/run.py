"""Questions through the production graph, each to one record.

A question runs through the graph of applications, so the measured system is the shipped one. Its record
is complete once the meter has covered it, up to a few seconds after the answer; the next question does not
wait for that.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from typing_extensions import TypedDict

from dynamicrag.errors import DynamicRAGError
from dynamicrag.lab.questions import Question
from dynamicrag.lab.scores import contains, exact_match, token_f1
from dynamicrag.offers import BudgetRequest
from dynamicrag.records import Decision, Figure
from dynamicrag.turn import Escalation

if TYPE_CHECKING:
    from dynamicrag.graph.rag import DynamicRAG

Confirm = Callable[[BudgetRequest], Awaitable[bool]]
"""Function from a request for more budget to whether its cheapest offer is granted."""
SETTLE_SECONDS = 20.0
"""Seconds that a finished query may wait for the meter; its joules stay modelled after that."""


class Record(TypedDict, total=False):
    """An asked question: a line of ``dynamicrag ask --json``.

    ``turn`` is the id of its query; ``cost`` its figures by dimension, its own until it failed. A failed
    question has ``error`` and ``failure``, the class of the error, and no answer. ``f1``, ``em`` and
    ``contains`` are there where ``answers`` are known. ``policy`` and ``run`` tell apart what is asked in one
    run.
    """

    query_id: str
    question: str
    type: str
    answers: list[str]
    failure: str
    error: str
    standalone: str
    answer: str
    abstained: bool
    outside: bool
    f1: float
    em: float
    contains: float
    escalations: list[Escalation]
    passages: list[str]
    tokens: dict[str, int]
    first_token_seconds: float | None
    turn: str
    decisions: list[Decision]
    wall_seconds: float
    cost: dict[str, Figure]
    policy: str
    run: str


async def ask_one(rag: "DynamicRAG", app: Any, question: Question, confirm: Confirm | None = None) -> Record:
    """Ask one question and return its record, not yet settled.

    Args:
        rag: The policy.
        app: Its graph; with ``confirm``, it has a checkpointer.
        question: The question.
        confirm: Answers a request for more budget; without it, there is none.
    """
    from langgraph.types import Command

    record: Record = {"query_id": question.id, "question": question.text}
    if question.type:
        record["type"] = question.type
    if question.answers:
        record["answers"] = list(question.answers)
    state: Mapping[str, Any] = {}
    first: float | None = None
    began = time.perf_counter()
    config = {"configurable": {"thread_id": uuid4().hex}} if confirm else None
    given: Any = {"messages": [("user", question.text)]}
    try:
        while given is not None:
            asked = None
            async for mode, data in app.astream(given, config, stream_mode=["messages", "custom", "values"]):
                if mode == "values":
                    asked = next(iter(data.get("__interrupt__", ())), None)
                    state = data if asked is None else state
                elif mode == "custom":
                    first = None if data.get("type") == "withdrawn" else first
                elif first is None and data[0].type != "human" and data[0].text:
                    first = time.perf_counter() - began
            given = Command(resume=await confirm(asked.value)) if confirm and asked is not None else None
    except Exception as error:  # noqa: BLE001 - one question's failure must not end a long run
        known = isinstance(error, DynamicRAGError)
        record["failure"] = type(error).__name__
        record["error"] = str(error) if known else f"{type(error).__name__}: {error}"
    else:
        record |= _answer(state, question, first)
    channel = state.get("rag") or {}
    record["turn"] = channel["turn"]["id"] if channel else ""
    record["decisions"] = channel.get("decisions", [])
    record["wall_seconds"] = time.perf_counter() - began
    record["cost"] = rag.pipeline.ledger.cost(record["turn"]).figures()
    return record


def _answer(state: Mapping[str, Any], question: Question, first: float | None) -> Record:
    report = state["rag"]["report"]
    answer = state["messages"][-1].text
    record: Record = {"standalone": report["question"], "answer": answer, "abstained": report["abstained"]}
    record["outside"] = report["outside"]
    if question.answers:
        given = "" if report["abstained"] else answer
        record["f1"] = token_f1(given, question.answers)
        record["em"] = exact_match(given, question.answers)
        record["contains"] = contains(given, question.answers)
    record["escalations"] = report["escalations"]
    record["passages"] = report["passages"]
    record["tokens"] = report["tokens"]
    record["first_token_seconds"] = first
    return record


async def settled_cost(rag: "DynamicRAG", query_id: str) -> dict[str, Figure]:
    """Return the final cost of a query, once the meter has covered it.

    It waits without a thread, so Ctrl-C ends it at once.
    """
    from dynamicrag.cost.meter import NullMeter

    ledger = rag.pipeline.ledger
    account = ledger.account(query_id)
    until = time.perf_counter() + (0.0 if isinstance(ledger.attribution.meter, NullMeter) else SETTLE_SECONDS)
    while account.provisional and time.perf_counter() < until:  # noqa: ASYNC110 - the ledger has threads
        await asyncio.sleep(0.05)
    return ledger.cost(query_id).figures()


async def settled(rag: "DynamicRAG", record: Record) -> Record:
    """Return the record with its final cost."""
    return {**record, "cost": await settled_cost(rag, record["turn"])}


async def ask_all(
    rag: "DynamicRAG",
    questions: Sequence[Question],
    *,
    workers: int = 1,
    started: Callable[[Question], object] = lambda _: None,
    confirm: Confirm | None = None,
) -> AsyncIterator[Record]:
    """Ask many questions, ``workers`` at a time, and yield settled records in the order of completion.

    Args:
        rag: The policy.
        questions: The questions.
        workers: Number of questions under way at a time.
        started: Called when a question begins.
        confirm: Answers requests for more budget, if the policy's budget asks; by default, such a budget
            acts as ``error``.
    """
    from langgraph.checkpoint.memory import InMemorySaver

    app = rag.build_graph().compile(checkpointer=InMemorySaver() if confirm else None)
    gate = asyncio.Semaphore(workers)

    async def work(question: Question) -> Record:
        async with gate:
            started(question)
            record = await ask_one(rag, app, question, confirm)
        return await settled(rag, record)

    tasks = [asyncio.create_task(work(question)) for question in questions]
    try:
        for task in asyncio.as_completed(tasks):
            yield await task
    finally:
        for task in tasks:
            task.cancel()

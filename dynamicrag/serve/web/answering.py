"""Questions of the web chat: from a question to a run, and from a finished run to the answer's account."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dynamicrag.errors import DynamicRAGError
from dynamicrag.graph.rag import DynamicRAG
from dynamicrag.learning.sources import USER
from dynamicrag.policy.assembly import Pipeline
from dynamicrag.serve.keys import Caller
from dynamicrag.serve.question import policy_named
from dynamicrag.serve.web.admission import Admission
from dynamicrag.serve.web.answer import Answer, OtherDraft
from dynamicrag.serve.web.baseline import baseline_cost
from dynamicrag.serve.web.conversation import Conversation
from dynamicrag.serve.web.running import Running
from dynamicrag.topology import VERIFICATION
from dynamicrag.turn import TurnState
from dynamicrag.types import StagePath

__all__ = ["SETTLE_SECONDS", "begin", "completed", "rated", "resume", "settled"]

SETTLE_SECONDS = 60.0
"""Longest wait for the meter after an answer."""


def begin(
    rag: DynamicRAG,
    graph: Any,
    admission: Admission,
    caller: Caller,
    conversation: Conversation,
    question: str,
    policy: str,
    weights: Mapping[str, float],
) -> Running:
    """Begin to answer a question; the conversation has the answer from now on.

    Args:
        rag: The policies.
        graph: Their compiled graph, with a checkpointer.
        admission: Admits the question.
        caller: The visitor.
        conversation: The conversation.
        question: The question.
        policy: Name of the policy.
        weights: The call's weights of cost; empty for the policy's.
    """
    conversation.call = admission.call(caller, policy, weights)
    conversation.answers.append(Answer(question, policy))
    conversation.shown = None
    return _write(rag, graph, admission, caller, conversation, {"messages": [("user", question)]})


def resume(
    rag: DynamicRAG, graph: Any, admission: Admission, caller: Caller, conversation: Conversation, more: bool
) -> Running:
    """Continue the last answer, which asks for more budget; see :func:`begin`.

    Args:
        rag: The policies.
        graph: Their compiled graph.
        admission: Admits the question.
        caller: The visitor.
        conversation: The conversation.
        more: Whether the first offer is paid for.
    """
    from langgraph.types import Command

    conversation.answers[-1] = replace(conversation.answers[-1], state="writing", failure="")
    return _write(rag, graph, admission, caller, conversation, Command(resume=more))


def _write(
    rag: DynamicRAG, graph: Any, admission: Admission, caller: Caller, conversation: Conversation, given: Any
) -> Running:
    """Write the last answer of a conversation; ``given`` is the input of the graph."""
    index, answer, call = len(conversation.answers) - 1, conversation.answers[-1], conversation.call

    def started(limits: Mapping[str, float]) -> Any:
        config = conversation.config({**call, "budget": dict(limits)} if limits else call)
        return graph.astream(given, config, stream_mode=["messages", "custom"])

    async def finish(last: Answer) -> Answer:
        state = await graph.aget_state(conversation.config({}))
        if state.interrupts:
            return replace(last, state="asking", failure=state.interrupts[0].value["message"])
        return completed(last, policy_named(rag, last.policy), state.values)

    def ended(last: Answer) -> None:
        conversation.running = None
        conversation.answers[index] = last

    running = conversation.running = Running(admission, caller, answer, started, finish, ended)
    return running


def completed(answer: Answer, pipeline: Pipeline, values: Mapping[str, Any]) -> Answer:
    """Return an answer with the facts of its finished run.

    Args:
        answer: The answer as it was streamed.
        pipeline: Its policy.
        values: The state of the graph.
    """
    channel = values["rag"]
    turn: TurnState = channel["turn"]
    report = channel["report"]
    dropped = set(report["dropped"])
    return replace(
        answer,
        text=values["messages"][-1].text,
        query_id=turn["id"],
        decisions=channel["decisions"],
        abstained=report["abstained"],
        outside=report["outside"],
        escalations=report["escalations"],
        passages=[passage for passage in turn["passages"] if passage["id"] not in dropped],
        other=_other(answer, turn, report),
        cost=report["cost"],
        settled=not report["provisional"],
        baseline=baseline_cost(pipeline, turn).figures(),
    )


def _other(answer: Answer, turn: TurnState, report: Mapping[str, Any]) -> OtherDraft | None:
    """Return the last draft besides the answer whose path differs from that of the answer."""
    stands = report["drafts"]["stands"]
    drafts = _drafts(answer, turn, report["drafts"]["written"])
    if stands is None or not 1 <= stands <= len(drafts):
        return None
    text, path = drafts.pop(stands - 1)
    for other, taken in reversed(drafts):
        differs = [stage for stage in path if taken.get(stage, path[stage]) != path[stage]]
        stages = [stage for stage in ("generator", *differs) if stage in differs and stage != VERIFICATION]
        if stages and other and other != text:
            return OtherDraft(other, stages[0], taken[stages[0]], path[stages[0]])
    return None


def _drafts(answer: Answer, turn: TurnState, written: int) -> list[tuple[str, StagePath]]:
    """Return text and path of the drafts of a turn, in order.

    The state has earlier drafts if its router may return to them. Otherwise they are those that were streamed
    and withdrawn, with the paths before each verdict.
    """
    last = "" if turn["draft"] is None else turn["draft"]["text"]
    earlier = turn.get("earlier", [])
    if earlier:
        return [*((each["draft"]["text"], each["path"]) for each in earlier), (last, turn["path"])]
    paths, path = list[StagePath](), dict[str, str]()
    for decision in answer.decisions:
        if decision["stage"] == VERIFICATION:
            paths.append(dict(path))
        path[decision["stage"]] = decision["chosen"]
    texts = [*(each.text for each in answer.withdrawn), last]
    return list(zip(texts, paths, strict=True)) if len(texts) == len(paths) == written else []


async def settled(rag: DynamicRAG, answer: Answer, seconds: float = SETTLE_SECONDS) -> Answer:
    """Return an answer with its cost after the meter has covered it, or after a wait.

    A stopped or failed run has a cost too, if it had begun.
    """
    if not answer.query_id:
        return answer
    try:
        cost = await rag.acost(answer.query_id, seconds)
    except DynamicRAGError:
        return answer
    account = rag.account(answer.query_id)
    return replace(answer, cost=cost.figures(), settled=not account.provisional)


def rated(answer: Answer, feedback: Sequence[Any]) -> Answer:
    """Return an answer with the user's feedback that is stored on it."""
    scores = [item.score for item in feedback if item.score is not None and item.source == USER]
    pairs = [item for item in feedback if item.score is None and item.source == USER]
    words = [
        f"{a} over {b}"
        for a, b in [(p.a, p.b) if (p.y or 0.0) > 0.5 else (p.b, p.a) for p in pairs if p.y != 0.5]
    ]
    return replace(answer, rating=scores[-1] if scores else None, preference=words[-1] if words else "")

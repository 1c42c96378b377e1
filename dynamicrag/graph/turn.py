"""The beginning and the end of a turn: from messages to a question, from a draft to a message."""

import secrets
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from dynamicrag.assembly import Pipeline
from dynamicrag.cost.vector import Cost
from dynamicrag.errors import InputError
from dynamicrag.graph.conversation import history_of, question_of, system_of
from dynamicrag.spoken import NAMES
from dynamicrag.stages.prompt import PromptStage
from dynamicrag.types import TurnState
from dynamicrag.withheld import ABSTAINED, withheld


def start_turn(messages: Sequence[AnyMessage]) -> TurnState:
    """Return a new turn for the last human message.

    Raises:
        InputError: There is no human message, it is empty, far too long or not of text alone, or the system
            messages are.
    """
    human = _last_human(messages)
    if human is None:
        raise InputError("messages: no human message to answer; invoke with {'messages': [('user', '...')]}")
    position, message = human
    text, before = question_of(message), messages[:position]
    return {
        "id": f"{time.time_ns():016x}{secrets.token_hex(4)}",
        "message_id": message.id or "",
        "text": text,
        "original": text,
        "history": history_of(before),
        "system": system_of(before),
        "seq": 0,
        "path": {},
        "redo": None,
        "action": None,
        "candidates": [],
        "passages": [],
        "draft": None,
        "signals": {},
        "unverified": {},
        "escalations": [],
        "wanted": None,
        "earlier": [],
        "failed": [],
    }


def current_turn(state: Mapping[str, Any]) -> TurnState:
    """Return the turn under way, or a new one if the last human message has none yet.

    So a single node works in a graph that has no node to begin a turn.
    """
    turn: TurnState | None = state.get("turn")
    human = _last_human(state["messages"])
    if turn and human and turn["message_id"] == (human[1].id or ""):
        return turn
    return start_turn(state["messages"])


def turn_before(state: Mapping[str, Any]) -> TurnState | None:
    """Return the turn that the state holds, if it is that of the last human message but one."""
    turn: TurnState | None = state.get("turn")
    human = _last_human(state["messages"])
    earlier = _last_human(state["messages"][: human[0]]) if human else None
    return turn if turn and earlier and turn["message_id"] == (earlier[1].id or "") else None


def _last_human(messages: Sequence[AnyMessage]) -> tuple[int, HumanMessage] | None:
    for position in range(len(messages) - 1, -1, -1):
        message = messages[position]
        if isinstance(message, HumanMessage):
            return position, message
    return None


def _withheld(turn: TurnState, pipeline: Pipeline) -> str:
    """Return the sentence for an answer that is withheld, in the language that it would have been in."""
    prompts, own = pipeline.stages["prompt"], pipeline.policy.abstain_message
    assert isinstance(prompts, PromptStage)
    voice = prompts.strategies[turn["path"].get("prompt", next(iter(prompts.strategies)))].voice
    language = voice.fixed or NAMES.get(voice.language_of(turn["original"]), "")
    return withheld(language, own) or withheld("", own) or ABSTAINED


def finish(turn: TurnState, pipeline: Pipeline) -> dict[str, Any]:
    """Return the state's update at the end of a turn: the message and the report."""
    draft = turn.get("draft")
    abstained = turn.get("action") == "abstain" or draft is None
    outside = turn.get("outside", False)
    about = {"dynamicrag": {"query_id": turn["id"], "abstained": abstained, "outside": outside}}
    if abstained or draft is None:
        message = AIMessage(_withheld(turn, pipeline), id=str(uuid.uuid4()), response_metadata=about)
    else:
        name = draft["message_id"] or str(uuid.uuid4())
        message = AIMessage(draft["text"], id=name, response_metadata=about)
    written = len(turn.get("earlier", [])) + (draft is not None)
    ledger = pipeline.ledger
    account = ledger.account(turn["id"])
    stages = ledger.stages(turn["id"])
    report = {
        "query_id": turn["id"],
        "question": turn["text"],
        "path": turn["path"],
        "abstained": abstained,
        "outside": outside,
        "unfinished": "" if abstained or draft is None else draft.get("unfinished", ""),
        "escalations": turn["escalations"],
        "drafts": {"written": written, "stands": None if abstained else turn.get("stands", written)},
        "unverified": turn.get("unverified", {}),
        "passages": [passage["id"] for passage in turn["passages"]],
        "dropped": draft["dropped"] if draft else [],
        "cost": Cost.total(stages.values()).figures(),
        "stages": {stage: cost.figures() for stage, cost in stages.items()},
        "tokens": {
            "input": sum(line.usage.input_tokens for line in account.lines),
            "output": sum(line.usage.output_tokens for line in account.lines),
        },
        "provisional": account.provisional,
    }
    return {"messages": [message], "report": report}

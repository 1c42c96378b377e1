"""Begins a turn, and finds the current turn of a node."""

import reprlib
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from langchain_core.messages import AnyMessage, HumanMessage
from langchain_core.runnables import RunnableConfig

from dynamicrag.errors import InputError
from dynamicrag.graph.channel import Channel
from dynamicrag.graph.conversation import checked, clean, history_of, question_of, system_of
from dynamicrag.graph.names import MESSAGES, Names
from dynamicrag.policy.assembly import Pipeline
from dynamicrag.stages.prompt import PromptStage
from dynamicrag.stages.ways import new_turn
from dynamicrag.text.spoken import NAMES
from dynamicrag.text.withheld import ABSTAINED, withheld
from dynamicrag.turn import TurnState

LATE = ("verification", "finish")
"""Stages that need the results of earlier stages."""


class Asked(NamedTuple):
    """A question, the id of its message, if any, and the conversation before it."""

    text: str
    message_id: str = ""
    before: Sequence[AnyMessage] = ()


def start_turn(
    state: Mapping[str, Any], names: Names, channel: Channel | None, config: RunnableConfig | None
) -> TurnState:
    """Return a new turn for the question that the state holds.

    Args:
        state: The state.
        names: Its keys.
        channel: Our channel with the earlier turns, which this turn replaces.
        config: The node's config, which has the step.

    Raises:
        InputError: The question is missing, or the question or the system messages are empty, too long, or
            not plain text.
    """
    text, message_id, before = _asked(state, names)
    steps = ((config or {}).get("configurable") or {}).get("checkpoint_map") or {}
    return {
        **new_turn(f"{time.time_ns():016x}{secrets.token_hex(4)}", text),
        "attempt": 1,
        "lines": 0,
        "policy": "",
        "step": steps.get("", ""),
        "replaces": [channel["turn"]["id"], *channel["siblings"]] if channel else [],
        "message_id": message_id,
        "history": history_of(before),
        "system": system_of(before),
    }


def current_turn(
    state: Mapping[str, Any],
    names: Names,
    channel: Channel | None,
    stage: str,
    config: RunnableConfig | None,
) -> TurnState:
    """Return the current turn, or a new one if the question has none yet.

    So a single node works in a graph without a ``begin`` node. A turn belongs to its message and its text. If
    the message has no id, or the question is a plain text, the same question may be asked again: then a turn
    that has finished or has passed this stage is not reused.

    Args:
        state: The state.
        names: Its keys.
        channel: Our channel.
        stage: The stage that begins now.
        config: The node's config.
    """
    if channel is None:
        return start_turn(state, names, None, config)
    turn = channel["turn"]
    if names.question is None:
        human = _last_human(state.get(MESSAGES) or ())
        same = human is not None and answers(turn, human[1])
    else:
        same = stage in LATE or turn["original"] == clean(names.asked(state))
    passed = stage not in LATE and stage in turn["path"] and turn["redo"] is None and not turn["escalations"]
    under_way = same and (bool(turn["message_id"]) or not (passed or channel["report"]))
    return turn if under_way else start_turn(state, names, channel, config)


def begun_turn(state: Mapping[str, Any], names: Names, channel: Channel, node: str | None) -> TurnState:
    """Return the turn that another node has begun.

    Args:
        state: The state.
        names: Its keys.
        channel: Our channel.
        node: The node that continues it, for messages.

    Raises:
        InputError: The state now has another question: it was edited while the graph was paused.
    """
    turn = channel["turn"]
    if names.question is None:
        human = _last_human(state.get(MESSAGES) or ())
        same = human is None or answers(turn, human[1])
    else:
        asked = state.get(names.question)
        same = not isinstance(asked, str) or turn["original"] == clean(asked)
    if not same:
        raise InputError(
            f"{node}: the state holds another question than the current turn, which began with "
            f"{reprlib.repr(turn['original'])}; ask the new one from the beginning: invoke the graph with "
            "it, or fork by update_state(config, values, as_node='__start__')"
        )
    return turn


def turn_before(state: Mapping[str, Any], names: Names, channel: Channel | None) -> TurnState | None:
    """Return the turn in the state, if it belongs to the last human message but one."""
    if channel is None or names.question is not None:
        return None
    turn, messages = channel["turn"], state.get(MESSAGES) or ()
    human = _last_human(messages)
    earlier = _last_human(messages[: human[0]]) if human else None
    return turn if earlier and answers(turn, earlier[1]) else None


def answers(turn: TurnState, message: HumanMessage) -> bool:
    """Return whether a turn answers a message in its current text: an edited message keeps its id."""
    if turn["message_id"] != (message.id or ""):
        return False
    return turn["original"] == message.content or turn["original"] == clean(message.text)


def abstention(turn: TurnState, pipeline: Pipeline) -> str:
    """Return the sentence for a withheld answer, in the language of that answer."""
    prompts, own = pipeline.stages["prompt"], pipeline.policy.abstain_message
    assert isinstance(prompts, PromptStage), "every policy has a prompt"
    voice = prompts.strategy(turn["path"]).voice
    language = voice.fixed or NAMES.get(voice.language_of(turn["original"]), "")
    return withheld(language, own) or withheld("", own) or ABSTAINED


def answer_of(turn: TurnState, pipeline: Pipeline) -> str | None:
    """Return the current text of the answer; ``None`` while there is none, or it is to be improved."""
    if turn["action"] == "abstain":
        return abstention(turn, pipeline)
    draft = turn["draft"]
    return None if draft is None or turn["redo"] is not None else draft["text"]


def _asked(state: Mapping[str, Any], names: Names) -> Asked:
    if names.question is not None:
        return Asked(checked(names.asked(state), names.question))
    messages: Sequence[AnyMessage] = state.get(MESSAGES) or ()
    human = _last_human(messages)
    if human is None:
        raise InputError("messages: no human message to answer; invoke with {'messages': [('user', '...')]}")
    position, message = human
    return Asked(question_of(message), message.id or "", messages[:position])


def _last_human(messages: Sequence[AnyMessage]) -> tuple[int, HumanMessage] | None:
    for position in range(len(messages) - 1, -1, -1):
        message = messages[position]
        if isinstance(message, HumanMessage):
            return position, message
    return None

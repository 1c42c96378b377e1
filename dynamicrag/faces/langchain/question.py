"""The question of an agent's conversation, and the turn that answers it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from dynamicrag.errors import InputError
from dynamicrag.graph.conversation import MAX_QUESTION, clean
from dynamicrag.graph.names import MESSAGES, Names
from dynamicrag.graph.turn import start_turn

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

    from dynamicrag.graph.channel import Channel
    from dynamicrag.turn import TurnState

NO_TEXT = "[no text]"
"""The question of a message that has only images or files."""
_SUMMARY = "summarization"
"""``lc_source`` of the message that replaces a history by its summary."""


def turn_of(
    messages: Sequence[BaseMessage], channel: "Channel | None", config: "RunnableConfig | None"
) -> "tuple[TurnState, bool]":
    """Return the turn of the last human message, and whether it had begun before.

    If that message was summarised, the turn under way goes on. Content other than text is left out of the
    question, and a long question is cut: they matter to the model alone.

    Raises:
        InputError: There is no human message.
    """
    place = _last(messages)
    under_way = channel is not None and not channel["report"]
    if channel is not None and under_way and (place is None or _same(channel["turn"], messages[place])):
        return channel["turn"], True
    if place is None:
        place = _last(messages, summary=True)
    if place is None:
        raise InputError(
            "messages: no human message to route by; invoke the agent with {'messages': [('user', '...')]}"
        )
    human, before = messages[place], messages[:place]
    talk = [each for each in before if isinstance(each, HumanMessage | AIMessage)]
    asked = HumanMessage(_text(human), id=human.id)
    state: Mapping[str, Any] = {MESSAGES: [*talk, asked]}
    return start_turn(state, Names(), channel, config), False


def _last(messages: Sequence[BaseMessage], *, summary: bool = False) -> int | None:
    for place in range(len(messages) - 1, -1, -1):
        each = messages[place]
        if isinstance(each, HumanMessage) and (
            summary or each.additional_kwargs.get("lc_source") != _SUMMARY
        ):
            return place
    return None


def _same(turn: "TurnState", human: BaseMessage) -> bool:
    if turn["message_id"] or human.id:  # middleware may have changed its text, for example by masking names
        return turn["message_id"] == (human.id or "")
    return turn["original"] == _text(human)


def _text(human: BaseMessage) -> str:
    return clean(human.text)[:MAX_QUESTION].strip() or NO_TEXT

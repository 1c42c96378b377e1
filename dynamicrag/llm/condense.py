"""Make a follow-up question stand alone, from the conversation before it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dynamicrag.llm.prompts.base import clean
from dynamicrag.text import content_words

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

_SYSTEM = (
    "Rewrite the last question so that it can be understood without the conversation: replace pronouns and "
    "allusions by the names they stand for. Change nothing else and do not answer it. "
    "If it stands alone already, repeat it."
)
_EXAMPLE = (
    "Conversation:\nuser: Who painted The Night Watch?\nassistant: Rembrandt\n"
    "Last question: When did he die?\nRewritten question:"
)


def condense_messages(question: str, history: Sequence[tuple[str, str]]) -> "list[BaseMessage]":
    """Return the prompt for the helper model.

    Args:
        question: The follow-up.
        history: Earlier messages as ``(role, text)``, oldest first.
    """
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

    said = "\n".join(f"{role}: {clean(text)[:300]}" for role, text in history)
    return [
        SystemMessage(_SYSTEM),
        HumanMessage(_EXAMPLE),
        AIMessage("When did Rembrandt die?"),
        HumanMessage(f"Conversation:\n{said}\nLast question: {clean(question)}\nRewritten question:"),
    ]


def condensed(question: str, written: str) -> str:
    """Return what the helper wrote, or the question itself where that is no rewriting of it.

    A rewriting is one line of sane length that keeps at least half of the question's content words;
    a small model may answer instead, or drift.
    """
    line = written.strip().strip('"').partition("\n")[0].strip()
    asked = set(content_words(question))
    kept = asked & set(content_words(line))
    if not line or len(line) > 3 * len(question) + 120 or len(kept) * 2 < len(asked):
        return question
    return line

"""Reads a turn from the conversation: the question, its history and the system messages."""

from collections.abc import Sequence

from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, SystemMessage

from dynamicrag.errors import InputError
from dynamicrag.llm.condense import shortened

__all__ = ["checked", "history_of", "question_of", "system_of"]

MAX_QUESTION = 20_000
MAX_SYSTEM = 20_000
"""Largest number of characters of all system messages together."""
HISTORY = 6
"""Number of earlier messages in a turn's history."""
LONGEST_MESSAGE = 2_000
"""Characters kept of each message in the history."""


def question_of(message: HumanMessage) -> str:
    """Return the text of the message to answer.

    Raises:
        InputError: It is empty, too long, or contains more than text.
    """
    return checked(_text_of(message, "question"), "question")


def checked(text: str, where: str) -> str:
    """Return a question without white space around it.

    Raises:
        InputError: It is empty or too long.
    """
    text = clean(text)
    if not text:
        raise InputError(f"{where}: the question is empty")
    if len(text) > MAX_QUESTION:
        raise InputError(
            f"{where}: {len(text):,} characters; at most {MAX_QUESTION:,}. Ingest long texts instead"
        )
    return text


def clean(text: str) -> str:
    """Return a text without surrounding white space and unpaired surrogates."""
    return text.encode("utf-8", "replace").decode().strip()


def history_of(before: Sequence[AnyMessage]) -> list[list[str]]:
    """Return the last messages before the question, as ``[role, text]``.

    Content other than text is left out.
    """
    history = [
        [
            "user" if isinstance(earlier, HumanMessage) else "assistant",
            shortened(earlier.text, LONGEST_MESSAGE),
        ]
        for earlier in before
        if isinstance(earlier, HumanMessage | AIMessage) and earlier.text
    ]
    return history[-HISTORY:]


def system_of(before: Sequence[AnyMessage]) -> str:
    """Return the system messages before the question, joined; they are never shortened.

    Raises:
        InputError: They are too long together, or contain more than text.
    """
    texts = [_text_of(each, "system message") for each in before if isinstance(each, SystemMessage)]
    system = "\n\n".join(filter(None, texts))
    if len(system) > MAX_SYSTEM:
        raise InputError(
            f"system messages: {len(system):,} characters; at most {MAX_SYSTEM:,}. Shorten them; put "
            "the source texts of answers into a corpus"
        )
    return system


def _text_of(message: BaseMessage, where: str) -> str:
    """Return the text of a message; raise if it has other content."""
    for number, block in enumerate(message.content if isinstance(message.content, list) else (), 1):
        kind = "text" if isinstance(block, str) else str(block.get("type", "?"))
        if kind != "text":
            raise InputError(
                f"{where}: part {number} of its content is of type {kind!r}; valid: text. Images, audio "
                "and files are not read: remove them, or describe them in words"
            )
    return clean(message.text)

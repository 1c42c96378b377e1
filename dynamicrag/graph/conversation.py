"""What a turn takes from the conversation: the question, what was said before it, and its system messages."""

from collections.abc import Sequence

from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, SystemMessage

from dynamicrag.errors import InputError
from dynamicrag.llm.condense import shortened

__all__ = ["history_of", "question_of", "system_of"]

MAX_QUESTION = 20_000
MAX_SYSTEM = 20_000
"""Characters of all system messages together."""
HISTORY = 6
"""Earlier messages that a turn knows."""
LONGEST_MESSAGE = 2_000
"""Characters of each that it keeps."""


def question_of(message: HumanMessage) -> str:
    """Return the text of the message to answer.

    Raises:
        InputError: It is empty, far too long, or has something else than text in it.
    """
    return checked(_text_of(message, "question"), "question")


def checked(text: str, where: str) -> str:
    """Return a question without white space around it.

    Raises:
        InputError: It is empty, or far too long.
    """
    text = clean(text)
    if not text:
        raise InputError(f"{where}: it is empty; ask something")
    if len(text) > MAX_QUESTION:
        raise InputError(
            f"{where}: {len(text):,} characters; at most {MAX_QUESTION:,}. Ingest long texts instead"
        )
    return text


def clean(text: str) -> str:
    """Return a text without white space around it, or half of a surrogate pair in it."""
    return text.encode("utf-8", "replace").decode().strip()


def history_of(before: Sequence[AnyMessage]) -> list[list[str]]:
    """Return the last of the messages before the question, as ``[role, text]``; of others the text alone."""
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
        InputError: They are too long together, or have something else than text in them.
    """
    texts = [_text_of(each, "system message") for each in before if isinstance(each, SystemMessage)]
    system = "\n\n".join(filter(None, texts))
    if len(system) > MAX_SYSTEM:
        raise InputError(
            f"system messages: {len(system):,} characters; at most {MAX_SYSTEM:,}. Shorten them; what "
            "answers are to be taken from belongs into a corpus"
        )
    return system


def _text_of(message: BaseMessage, where: str) -> str:
    """Return the text of a message that has nothing else in it."""
    for number, block in enumerate(message.content if isinstance(message.content, list) else (), 1):
        kind = "text" if isinstance(block, str) else str(block.get("type", "?"))
        if kind != "text":
            raise InputError(
                f"{where}: part {number} of its content is of type {kind!r}; valid: text. Images, audio "
                "and files are not read: leave them out, or put what they say into words"
            )
    return clean(message.text)

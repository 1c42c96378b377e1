"""Feedback on answers: thumbs and preferences, as the run store has them."""

import asyncio

from dynamicrag.errors import DynamicRAGError
from dynamicrag.graph.rag import DynamicRAG
from dynamicrag.learning.stored import feedback_on
from dynamicrag.serve.web.answering import rated
from dynamicrag.serve.web.conversation import Conversation

__all__ = ["prefer", "rate", "stored"]


async def rate(rag: DynamicRAG, conversation: Conversation, index: int | None, good: bool | None) -> str:
    """Store a thumb on an answer; return the feedback that is stored.

    ``good`` is ``None`` if the visitor took the thumb back, which the store cannot.
    """
    answer = conversation.answer(index)
    if answer is None or answer.state != "done":
        return "Only finished answers can be rated."
    if good is not None:
        try:
            await rag.afeedback(answer.query_id, float(good))
        except DynamicRAGError as error:
            return str(error)
    return await _read(rag, conversation, index)


async def prefer(rag: DynamicRAG, conversation: Conversation, index: int | None) -> str:
    """Store that the other draft of an answer is better; return the feedback that is stored."""
    answer = conversation.answer(index)
    if answer is None or answer.other is None:
        return "This answer has no other draft to compare."
    other = answer.other
    try:
        await rag.aprefer(answer.query_id, other.option, other.against, 1.0, stage=other.stage)
    except DynamicRAGError as error:
        return str(error)
    return await _read(rag, conversation, index)


def stored(conversation: Conversation, index: int | None) -> str:
    """Return the stored feedback on an answer in words."""
    answer = conversation.answer(index)
    if answer is None:
        return ""
    parts = [] if answer.rating is None else [f"thumb {'up' if answer.rating > 0.5 else 'down'}"]
    parts += [f"{answer.preference}, by your preference"] if answer.preference else []
    return f"Stored: {'; '.join(parts)}." if parts else ""


async def _read(rag: DynamicRAG, conversation: Conversation, index: int | None) -> str:
    at = len(conversation.answers) - 1 if index is None else index
    log = rag.pipeline.log
    if log is not None:
        found = await asyncio.to_thread(feedback_on, log, conversation.answers[at].query_id)
        conversation.answers[at] = rated(conversation.answers[at], found)
    return stored(conversation, index)

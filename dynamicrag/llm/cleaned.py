"""A client of a provider whose stream holds the answer alone, so that nobody is shown anything else.

What the client's user has set on it holds: its callbacks, tags and metadata, its rate limiter, and where it
does not stream, its cache or the one that is set for all. LangChain has no cache for streams. What a cache
answers is booked as if the model had.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk

from dynamicrag.llm.cleaning import AnswerText
from dynamicrag.llm.streams_only import StreamsOnly
from dynamicrag.llm.texts import text_of

__all__ = ["cleaned"]

SHOWN = ("finish_reason", "stop_reason", "done_reason", "model_name", "model_provider")
"""Metadata that the user's stream keeps; the rest may not add up from chunk to chunk."""


class CleanedChat(StreamsOnly):
    """Streams one answer of a client, cleaned. Made anew for every call.

    Attributes:
        client: The provider's client.
        answer: Takes the text and gives back the answer.
        see: Takes every message of the stream as it came, with its metadata; returns whether to read on.
    """

    client: BaseChatModel
    answer: Any  # an AnswerText; pydantic need not know
    see: Callable[[BaseMessage], bool]

    @property
    def _llm_type(self) -> str:
        return self.client._llm_type

    @property
    def _identifying_params(self) -> Any:
        return self.client._identifying_params

    @property
    def _serialized(self) -> Any:
        return self.client._serialized

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> Any:
        return self.client._get_ls_params(stop=stop, **kwargs)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        del run_manager  # the caller is told of what is yielded
        answer: AnswerText = self.answer
        async with aclosing(self._chunks(messages, stop, kwargs)) as chunks:
            async for message in chunks:
                goes_on = self.see(message)
                text = answer.add(text_of(message.content))
                metadata = {
                    key: message.response_metadata[key] for key in SHOWN if key in message.response_metadata
                }
                usage = getattr(message, "usage_metadata", None)
                if text or usage or metadata.keys() & SHOWN[:3]:
                    yield _chunk("" if answer.taken_back else text, metadata, usage)
                if not goes_on:
                    break
        text = answer.end()
        # what was shown before a lone closing tag is taken back as a whole, by its id; nothing is added to it
        yield _chunk("" if answer.taken_back else text)

    async def _chunks(
        self, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any]
    ) -> AsyncGenerator[BaseMessage]:
        client = self.client
        if client._should_stream(async_api=True, **{**kwargs, "stream": True}):
            if client.rate_limiter:
                await client.rate_limiter.aacquire(blocking=True)
            async for chunk in client._astream(messages, stop=stop, **kwargs):
                chunk.message.response_metadata = {
                    **(chunk.generation_info or {}),
                    **chunk.message.response_metadata,
                }
                yield chunk.message
            return
        result = await client._agenerate_with_cache(messages, stop=stop, **kwargs)  # it knows the limiter too
        for generation in result.generations[:1]:
            message = _whole(generation.message)
            message.response_metadata = {**(generation.generation_info or {}), **message.response_metadata}
            yield message


def _whole(message: BaseMessage) -> BaseMessage:
    """Return a message without the half of a usage report that LangChain adds to cached ones."""
    usage = getattr(message, "usage_metadata", None)
    if usage is None or "total_cost" not in usage:
        return message
    counts = {key: value for key, value in usage.items() if key != "total_cost"}
    return message.model_copy(update={"usage_metadata": counts or None})


def cleaned(client: BaseChatModel, answer: AnswerText, see: Callable[[BaseMessage], bool]) -> CleanedChat:
    """Return a client for one answer, cleaned, under the settings of a provider's client.

    Args:
        client: The provider's client.
        answer: See :class:`CleanedChat`.
        see: Likewise.
    """
    return CleanedChat(
        client=client,
        answer=answer,
        see=see,
        callbacks=client.callbacks,
        tags=client.tags,
        metadata=client.metadata,
        verbose=client.verbose,
    )


def _chunk(text: str, metadata: dict[str, Any] | None = None, usage: Any = None) -> ChatGenerationChunk:
    # without an id: LangChain gives all chunks of a call the same one
    message = AIMessageChunk(content=text, response_metadata=metadata or {}, usage_metadata=usage)
    return ChatGenerationChunk(message=message)

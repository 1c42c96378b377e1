"""Wraps a provider's client so that its stream has only the answer, for every consumer.

The user's settings on the client apply: callbacks, tags and metadata, the rate limiter, and without
streaming, its cache or the global one. LangChain has no cache for streams. Cached answers are booked like
generated ones.
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
"""Metadata kept in the user's stream; other values may not be summable over chunks."""


class CleanedChat(StreamsOnly):
    """Streams one cleaned answer of a client. A new object is made for every call.

    Attributes:
        client: The provider's client.
        answer: Receives the text and returns the answer.
        see: Receives every original message of the stream, with metadata; returns whether to continue
            reading.
    """

    client: BaseChatModel
    answer: Any  # an AnswerText; not checked by pydantic
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
        del run_manager  # the caller reports the yielded chunks
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
        # text shown before a lone closing tag is withdrawn as a whole, by its id; nothing is added to it
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
        # it applies the limiter too
        result = await client._agenerate_with_cache(messages, stop=stop, **kwargs)
        for generation in result.generations[:1]:
            message = _whole(generation.message)
            message.response_metadata = {**(generation.generation_info or {}), **message.response_metadata}
            yield message


def _whole(message: BaseMessage) -> BaseMessage:
    """Return a message without the partial usage report that LangChain adds to cached messages."""
    usage = getattr(message, "usage_metadata", None)
    if usage is None or "total_cost" not in usage:
        return message
    counts = {key: value for key, value in usage.items() if key != "total_cost"}
    return message.model_copy(update={"usage_metadata": counts or None})


def cleaned(client: BaseChatModel, answer: AnswerText, see: Callable[[BaseMessage], bool]) -> CleanedChat:
    """Return a client for one cleaned answer, with the settings of a provider's client."""
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

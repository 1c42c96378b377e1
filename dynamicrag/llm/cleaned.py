"""A client of a provider whose stream holds the answer alone, so that nobody is shown anything else."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from dynamicrag.llm.cleaning import AnswerText
from dynamicrag.llm.texts import text_of

__all__ = ["CleanedChat"]

SHOWN = ("finish_reason", "stop_reason", "done_reason", "model_name", "model_provider")
"""Metadata that the user's stream keeps; the rest may not add up from chunk to chunk."""


class CleanedChat(BaseChatModel):
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

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,
        **kwargs: Any,
    ) -> ChatResult:
        raise NotImplementedError("every call streams")

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
            async for chunk in client._astream(messages, stop=stop, **kwargs):
                chunk.message.response_metadata = {
                    **(chunk.generation_info or {}),
                    **chunk.message.response_metadata,
                }
                yield chunk.message
            return
        result = await client._agenerate(messages, stop=stop, **kwargs)
        for generation in result.generations[:1]:
            message = generation.message
            message.response_metadata = {**(generation.generation_info or {}), **message.response_metadata}
            yield message


def _chunk(text: str, metadata: dict[str, Any] | None = None, usage: Any = None) -> ChatGenerationChunk:
    # without an id: LangChain gives all chunks of a call the same one
    message = AIMessageChunk(content=text, response_metadata=metadata or {}, usage_metadata=usage)
    return ChatGenerationChunk(message=message)

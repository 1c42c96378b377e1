"""Adapts a LlamaIndex LLM to a LangChain chat model, so that all calls are alike."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk

from dynamicrag.cost.usage import number
from dynamicrag.llm.streams_only import StreamsOnly

__all__ = ["LlamaIndexChat", "spec_of"]

ROLES = {"human": "user", "ai": "assistant", "system": "system"}
_COUNTS = (("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens"))
"""Names of the tokens read and written, in the usage reports of providers."""


class LlamaIndexChat(StreamsOnly):
    """Streams an LLM's answers, with usage from the provider's raw reply if it is there.

    Attributes:
        llm: The LlamaIndex LLM.
        max_tokens: Largest number of tokens to generate, if the LLM accepts a limit.
        temperature: 0 for the likeliest answer, if the LLM accepts it.
    """

    llm: Any
    max_tokens: int | None = None
    temperature: float | None = None

    @property
    def _llm_type(self) -> str:
        return str(self.llm.class_name())

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        del stop, run_manager  # the reader of the chunks cuts the answer
        from llama_index.core.base.llms.types import ChatMessage

        asked = [ChatMessage(role=ROLES.get(each.type, "user"), content=each.text) for each in messages]
        usage, written = None, ""
        async for reply in await self._llm(kwargs).astream_chat(asked):
            usage = usage_of(reply) or usage
            # an LLM without deltas repeats its whole text so far
            text = (
                reply.delta if reply.delta is not None else str(reply.message.content or "")[len(written) :]
            )
            written += text
            if text:
                yield ChatGenerationChunk(message=AIMessageChunk(content=text))
        yield ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=usage))

    def _llm(self, call: Mapping[str, Any]) -> Any:
        """Return the LLM with the limit of the call, or ours; its user's temperature stays, if set."""
        fields, given = type(self.llm).model_fields, self.llm.model_fields_set
        ours = {
            "max_tokens": self.max_tokens,
            "temperature": None if "temperature" in given else self.temperature,
        }
        asked = {name: call[name] if call.get(name) is not None else ours[name] for name in ours}
        update = {name: value for name, value in asked.items() if name in fields and value is not None}
        return self.llm.model_copy(update=update)


def usage_of(reply: Any) -> UsageMetadata | None:
    """Return the usage in a raw reply, in LangChain's form."""
    raw = getattr(reply, "raw", None)
    usage = raw.get("usage") if isinstance(raw, Mapping) else getattr(raw, "usage", None)
    if usage is None:
        return None
    read, wrote = (
        next((count for key in keys if (count := number(_of(usage, key))) is not None), None)
        for keys in _COUNTS
    )
    if read is None or wrote is None:
        return None
    return UsageMetadata(input_tokens=read, output_tokens=wrote, total_tokens=read + wrote)


def spec_of(llm: Any) -> str:
    """Return ``provider:model``, as far as known."""
    provider = str(llm.class_name()).lower().removesuffix("_llm").removesuffix("llm") or "unknown"
    model = str(getattr(llm.metadata, "model_name", "") or "")
    return f"{provider}:{model if model and model != 'unknown' else type(llm).__name__}"


def _of(usage: Any, key: str) -> Any:
    return usage.get(key) if isinstance(usage, Mapping) else getattr(usage, key, None)

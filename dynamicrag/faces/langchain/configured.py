"""A chat model whose calls know their config. LangChain passes a model only callbacks, tags and metadata."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config

from dynamicrag.graph.calls import given_options
from dynamicrag.graph.metadata import run_metadata

__all__ = ["CALL", "ConfiguredChatModel"]

CALL = "dynamicrag_call"
"""Keyword argument of ``_generate`` and ``_stream`` with the parts of the config that routing reads."""


class ConfiguredChatModel(BaseChatModel):
    """Passes the parts of a config that routing reads to ``_generate`` and ``_stream``."""

    def invoke(
        self,
        input: LanguageModelInput,  # noqa: A002
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        """Return the reply to a prompt."""
        return super().invoke(input, config, stop=stop, **routed(kwargs, config))

    async def ainvoke(
        self,
        input: LanguageModelInput,  # noqa: A002
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        """Return the reply to a prompt."""
        return await super().ainvoke(input, config, stop=stop, **routed(kwargs, config))

    def stream(
        self,
        input: LanguageModelInput,  # noqa: A002
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> Iterator[AIMessageChunk]:
        """Yield the reply to a prompt in chunks."""
        return super().stream(input, config, stop=stop, **routed(kwargs, config))

    def astream(
        self,
        input: LanguageModelInput,  # noqa: A002
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[AIMessageChunk]:
        """Yield the reply to a prompt in chunks."""
        return super().astream(input, config, stop=stop, **routed(kwargs, config))

    def stream_events(
        self,
        input: LanguageModelInput,  # noqa: A002
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Any:
        """Yield the events of a reply."""
        call = routed(kwargs, config) if kwargs.get("version") == "v3" else kwargs
        return super().stream_events(input, config, **call)

    def astream_events(
        self,
        input: LanguageModelInput,  # noqa: A002
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Any:
        """Yield the events of a reply."""
        call = routed(kwargs, config) if kwargs.get("version") == "v3" else kwargs
        return super().astream_events(input, config, **call)

    def _get_invocation_params(self, stop: list[str] | None = None, **kwargs: Any) -> dict[str, Any]:
        """Return the parameters for traces, without options of the call: they may name a user or a tenant."""
        kwargs.pop(CALL, None)
        return super()._get_invocation_params(stop, **kwargs)


def routed(kwargs: dict[str, Any], config: RunnableConfig | None) -> dict[str, Any]:
    """Return keyword arguments with the parts of a config that routing reads."""
    merged = ensure_config(config)
    configurable = merged.get("configurable") or {}
    context = getattr(configurable.get("__pregel_runtime"), "context", None)
    call = {
        "rag": dict(given_options(merged, context).options),
        "thread_id": configurable.get("thread_id"),
        "metadata": run_metadata(merged),
    }
    found = {name: value for name, value in call.items() if value}
    return {**kwargs, CALL: found} if found else kwargs

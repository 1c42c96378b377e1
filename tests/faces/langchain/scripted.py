"""Chat models with tools that answer from a script, and policies of them."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

from dynamicrag import DynamicRAG

Reply = AIMessage | Exception
Script = Callable[[Sequence[BaseMessage], dict[str, Any]], Reply]


def said(text: str, read: int = 100, wrote: int = 10, cached: int = 0, **more: Any) -> AIMessage:
    """Return a reply with usage."""
    usage = {"input_tokens": read, "output_tokens": wrote, "total_tokens": read + wrote}
    return AIMessage(text, usage_metadata={**usage, "input_token_details": {"cache_read": cached}}, **more)


def calls(*named: tuple[str, dict[str, Any]], **usage: int) -> AIMessage:
    """Return a reply that calls tools."""
    made = [{"name": name, "args": args, "id": f"call-{name}-{i}"} for i, (name, args) in enumerate(named)]
    return said("", tool_calls=made, **usage)


class ToolChat(BaseChatModel):
    """Answers from a script, under a model's name, and records its calls."""

    named: str
    script: Script
    seconds: float = 0.0
    max_tokens: int | None = None
    given: list[tuple[Sequence[BaseMessage], dict[str, Any]]] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "tool-chat"

    def _get_ls_params(self, stop: Any = None, **kwargs: Any) -> Any:
        return {"ls_provider": "openai", "ls_model_name": self.named, "ls_model_type": "chat"}

    def bind_tools(self, tools: Any, *, tool_choice: Any = None, **kwargs: Any) -> Any:
        return self.bind(
            tools=[convert_to_openai_tool(each) for each in tools], tool_choice=tool_choice, **kwargs
        )

    def _reply(self, messages: Sequence[BaseMessage], kwargs: dict[str, Any]) -> AIMessage:
        self.given.append((messages, {**kwargs, "max_tokens": self.max_tokens}))
        reply = self.script(messages, kwargs)
        if isinstance(reply, Exception):
            raise reply
        return reply.model_copy(
            update={"id": None, "response_metadata": {"model_name": self.named, **reply.response_metadata}}
        )

    def _generate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        time.sleep(self.seconds)
        return ChatResult(generations=[ChatGeneration(message=self._reply(messages, kwargs))])

    async def _agenerate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        await asyncio.sleep(self.seconds)
        return ChatResult(generations=[ChatGeneration(message=self._reply(messages, kwargs))])


class StreamChat(ToolChat):
    """Streams its reply word by word."""

    def _stream(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:
        reply = self._reply(messages, kwargs)
        for word in reply.text.split(" "):
            yield ChatGenerationChunk(message=AIMessageChunk(f"{word} "))
        last = AIMessageChunk(
            "", usage_metadata=reply.usage_metadata, response_metadata=reply.response_metadata
        )
        yield ChatGenerationChunk(message=last)


def policy_of(names: Sequence[str], **changes: Any) -> dict[str, Any]:
    """Return a policy of models by their names at OpenAI, weakest first."""
    return {
        "version": 1,
        "models": {name: {"model": f"openai:{name}"} for name in names},
        "host": {"meter": "none"},
        "stages": {
            "retrieval": {"options": ["none"]},
            "generator": {"options": list(names), "router": "prior"},
        },
        **changes,
    }


def rag_of(models: dict[str, BaseChatModel], **changes: Any) -> DynamicRAG:
    """Return an object whose models are the caller's, by their names at OpenAI."""
    return DynamicRAG.from_policy(policy_of(list(models), **changes), models=models)

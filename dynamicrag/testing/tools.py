"""A chat model that can call tools: it answers from a script, and records its calls."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

__all__ = ["Reply", "ScriptedToolChat", "calls_tools", "says"]

Reply = AIMessage | Exception
"""A reply, or the error to raise."""


class ScriptedToolChat(BaseChatModel):
    """A chat model with tools for tests of agents.

    Attributes:
        named: The model that it stands for, as OpenAI names it.
        script: Returns the reply to a conversation, given the call's keyword arguments, such as ``tools``.
        seconds: Duration of a call.
        max_tokens: Largest number of tokens of a reply; only recorded.
        given: The conversation and the keyword arguments of each call so far.
    """

    named: str
    script: Callable[[Sequence[BaseMessage], dict[str, Any]], Reply]
    seconds: float = 0.0
    max_tokens: int | None = None
    given: list[tuple[Sequence[BaseMessage], dict[str, Any]]] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted-tools"

    def _get_ls_params(self, stop: Any = None, **kwargs: Any) -> Any:
        del stop, kwargs
        return {"ls_provider": "openai", "ls_model_name": self.named, "ls_model_type": "chat"}

    def bind_tools(self, tools: Any, *, tool_choice: Any = None, **kwargs: Any) -> Any:
        """Bind tools, as OpenAI describes them."""
        described = [convert_to_openai_tool(each) for each in tools]
        return self.bind(tools=described, tool_choice=tool_choice, **kwargs)

    def _reply(self, messages: Sequence[BaseMessage], kwargs: dict[str, Any]) -> AIMessage:
        self.given.append((messages, {**kwargs, "max_tokens": self.max_tokens}))
        reply = self.script(messages, kwargs)
        if isinstance(reply, Exception):
            raise reply
        metadata = {"model_name": self.named, **reply.response_metadata}
        return reply.model_copy(update={"id": None, "response_metadata": metadata})

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        del stop, run_manager
        time.sleep(self.seconds)
        return ChatResult(generations=[ChatGeneration(message=self._reply(messages, kwargs))])

    async def _agenerate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        del stop, run_manager
        await asyncio.sleep(self.seconds)
        return ChatResult(generations=[ChatGeneration(message=self._reply(messages, kwargs))])


def says(text: str, read: int = 100, wrote: int = 10, cached: int = 0, **more: Any) -> AIMessage:
    """Return a reply with its usage: tokens read, written, and read from the prompt cache."""
    usage = {"input_tokens": read, "output_tokens": wrote, "total_tokens": read + wrote}
    return AIMessage(text, usage_metadata={**usage, "input_token_details": {"cache_read": cached}}, **more)


def calls_tools(*named: tuple[str, dict[str, Any]], **usage: int) -> AIMessage:
    """Return a reply that calls tools, each by its name and its arguments; usage as for :func:`says`."""
    made = [{"name": name, "args": args, "id": f"{name}-{i}"} for i, (name, args) in enumerate(named)]
    return says("", tool_calls=made, **usage)

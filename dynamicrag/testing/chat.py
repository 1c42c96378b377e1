"""Chat models that stream from a script, and record their calls."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, NamedTuple

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field

from dynamicrag.llm.chat import ChatModel

__all__ = ["Call", "Script", "ScriptedChat", "ScriptedModel", "kind_of"]

Script = Callable[[str, str], str]
"""Function from the purpose of a call (see :func:`kind_of`) and its last message to the answer.

A word that begins with ``BREAK`` breaks the connection there; a word that begins with ``WAIT`` pauses the
answer for half a minute.
"""
KINDS = {
    "Rewrite the last question": "condense",
    "facts step by step": "reason",
    "You choose how": "route",
}
"""Words of the instructions that identify a call's purpose."""


class Call(NamedTuple):
    """A call: its purpose and its conversation."""

    kind: str
    messages: Sequence[BaseMessage]


def kind_of(messages: Sequence[BaseMessage]) -> str:
    """Return a call's purpose, from its instructions: ``condense``, ``reason``, ``route`` or ``answer``."""
    system = messages[0].text
    return next((kind for words, kind in KINDS.items() if words in system), "answer")


class ScriptedChat(BaseChatModel):
    """Streams word by word, with probabilities and usage as in OpenAI's API.

    Attributes:
        script: Returns the answer.
        margin: Probability of every token minus that of the second likeliest, 0 to 1.
        reports: Whether it reports usage: ten tokens per message read, one per word written.
        calls: The calls so far.
    """

    script: Script
    margin: float = 0.9
    reports: bool = True
    calls: list[Call] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def kinds(self) -> list[str]:
        """Return the purposes of the calls, in order."""
        return [call.kind for call in self.calls]

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,
        **kwargs: Any,
    ) -> ChatResult:
        del stop, run_manager, kwargs
        text = self._answer(messages)
        message = AIMessage(content=text, usage_metadata=self._usage(messages, text))
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        del stop, run_manager, kwargs
        text = self._answer(messages)
        words = [word + " " for word in text.split(" ")]
        words[-1] = words[-1].rstrip(" ")
        for word in words:
            await asyncio.sleep(0.001)
            if word.startswith("BREAK"):
                raise ConnectionError("the line broke")
            if word.startswith("WAIT"):
                await asyncio.sleep(30)
            chunk = AIMessageChunk(content=word, response_metadata=self._metadata(word))
            yield ChatGenerationChunk(message=chunk)
        usage = self._usage(messages, text)
        if usage is not None:
            yield ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=usage))

    def _answer(self, messages: Sequence[BaseMessage]) -> str:
        kind = kind_of(messages)
        self.calls.append(Call(kind, messages))
        return self.script(kind, messages[-1].text)

    def _usage(self, messages: Sequence[BaseMessage], text: str) -> UsageMetadata | None:
        if not self.reports:
            return None
        read, wrote = 10 * len(messages), len(text.split(" "))
        return UsageMetadata(input_tokens=read, output_tokens=wrote, total_tokens=read + wrote)

    def _metadata(self, word: str) -> dict[str, Any]:
        top = [{"logprob": math.log(p)} for p in (0.5 + self.margin / 2, 0.5 - self.margin / 2)]
        entry = {"token": word, "logprob": top[0]["logprob"], "top_logprobs": top}
        return {"logprobs": {"content": [entry]}}


class ScriptedModel(ChatModel):
    """The real ``ChatModel`` with a scripted client.

    Args:
        name: Its name in the policy.
        spec: ``provider:model``, used for its price.
        script: Returns the answer.
        margin: As for :class:`ScriptedChat`.
        **params: As for ``ChatModel``.
    """

    def __init__(self, name: str, spec: str, script: Script, margin: float = 0.9, **params: Any) -> None:
        super().__init__(name, spec, **params)
        self._scripted = ScriptedChat(script=script, margin=margin)

    @property
    def script(self) -> Script:
        """Returns the answer; may be replaced."""
        return self._scripted.script

    @script.setter
    def script(self, script: Script) -> None:
        self._scripted.script = script

    @property
    def calls(self) -> list[Call]:
        """The calls so far."""
        return self._scripted.calls

    def kinds(self) -> list[str]:
        """Return the purposes of the calls, in order."""
        return self._scripted.kinds()

    def _client(self, max_tokens: int, temperature: float) -> BaseChatModel:
        del max_tokens, temperature
        return self._scripted

    def _lendable(self, max_tokens: int | None) -> BaseChatModel:
        del max_tokens
        return self._scripted

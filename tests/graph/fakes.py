"""A chat model that streams from a script, behind the package's own ``ChatModel``."""

import asyncio
import math
from collections.abc import Callable
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from dynamicrag.llm.chat import ChatModel

Script = Callable[[str, str], str]


def kind_of(messages) -> str:
    """Say what a call is for, by the instructions that it carries."""
    system = messages[0].text
    if "Rewrite the last question" in system:
        return "condense"
    return "reason" if "facts step by step" in system else "answer"


class Scripted(BaseChatModel):
    """Streams word by word, with probabilities and usage as OpenAI's API gives them."""

    model: "FakeModel"

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(self, messages, stop=None, run_manager=None, **kwargs) -> ChatResult:
        raise AssertionError("every call streams")

    async def _astream(self, messages, stop=None, run_manager=None, **kwargs):
        kind = kind_of(messages)
        self.model.calls.append((kind, messages))
        text = self.model.script(kind, messages[-1].text)
        words = [word + " " for word in text.split(" ")]
        words[-1] = words[-1].rstrip(" ")
        for word in words:
            await asyncio.sleep(0.001)
            if word.startswith("BREAK"):
                raise ConnectionError("the line broke")
            if word.startswith("WAIT"):
                await asyncio.sleep(30)
            yield ChatGenerationChunk(message=AIMessageChunk(word, response_metadata=self._metadata(word)))
        count = {"input_tokens": 10 * len(messages), "output_tokens": len(words)}
        usage = {**count, "total_tokens": sum(count.values())}
        yield ChatGenerationChunk(message=AIMessageChunk("", usage_metadata=usage))

    def _metadata(self, word: str) -> dict[str, Any]:
        top = [{"logprob": math.log(p)} for p in (0.5 + self.model.margin / 2, 0.5 - self.model.margin / 2)]
        entry = {"token": word, "logprob": top[0]["logprob"], "top_logprobs": top}
        return {"logprobs": {"content": [entry]}}


class FakeModel(ChatModel):
    """The real ``ChatModel`` with a scripted client; ``script(kind, last message)`` says the answer."""

    def __init__(self, name: str, spec: str, script: Script, margin: float = 0.9, **params: Any) -> None:
        super().__init__(name, spec, **params)
        self.script = script
        self.margin = margin
        self.calls: list[tuple[str, list[Any]]] = []
        self._scripted = Scripted(model=self)

    def _client(self, max_tokens, temperature):
        return self._scripted

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.calls]

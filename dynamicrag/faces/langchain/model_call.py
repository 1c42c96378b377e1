"""One call of the routed chat model: how the chosen model is called, and the facts of the reply."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import LC_ID_PREFIX, AIMessage, AIMessageChunk
from langchain_core.runnables import Runnable

from dynamicrag.faces.langchain.routed_call import Request, Task

__all__ = ["PROVIDER", "ModelCall"]

T = TypeVar("T", bound=AIMessage)

PROVIDER = "dynamicrag"


@dataclass(frozen=True, slots=True)
class ModelCall:
    """A call of the routed chat model.

    Attributes:
        task: Routes it.
        request: Its prompt and tools.
        bound: Keyword arguments for ``bind_tools``.
        settings: Keyword arguments for the chosen model.
    """

    task: Task
    request: Request
    bound: dict[str, Any]
    settings: dict[str, Any]

    def invoke(self, client: BaseChatModel) -> AIMessage:
        """Call the chosen model."""
        return _unnamed(self._ready(client).invoke(list(self.request.messages), **self.settings))

    async def ainvoke(self, client: BaseChatModel) -> AIMessage:
        """Call the chosen model."""
        ready = self._ready(client)
        return _unnamed(await ready.ainvoke(list(self.request.messages), **self.settings))

    def stream(self, client: BaseChatModel) -> Iterator[AIMessageChunk]:
        """Stream from the chosen model."""
        for message in self._ready(client).stream(list(self.request.messages), **self.settings):
            yield _chunk(message)

    async def astream(self, client: BaseChatModel) -> AsyncGenerator[AIMessageChunk]:
        """Stream from the chosen model."""
        messages = self._ready(client).astream(list(self.request.messages), **self.settings)
        async with aclosing(messages):  # type: ignore[type-var]  # it is a generator
            async for message in messages:
                yield _chunk(message)

    def described(self, message: Any, whole: AIMessage | None = None) -> Any:
        """Return a message with the facts of the call; ``whole`` is the sum of a stream's chunks."""
        about = self.task.about()
        reason = self.task.decisions[-1]["reason"]
        known = (whole or message).response_metadata
        name = {} if known.get("model_name") else {"model_name": self._name(known, about["model"])}
        facts = {**message.response_metadata, **name, PROVIDER: {**about, "reason": reason}}
        last = {"chunk_position": "last"} if isinstance(message, AIMessageChunk) else {}
        return message.model_copy(update={"response_metadata": facts, **last})

    def _name(self, known: dict[str, Any], option: str) -> str:
        model = self.task.pipeline.models.get(option)
        spec = option if model is None else model.spec.partition(":")[2]
        return str(known.get("model") or spec or option)

    def _ready(self, client: BaseChatModel) -> Runnable[Any, AIMessage]:
        return client.bind_tools(self.request.tools, **self.bound) if self.request.tools else client


def _chunk(message: AIMessage) -> AIMessageChunk:
    """Return a chunk of the routed model's run; a model that does not stream yields one whole message."""
    if not isinstance(message, AIMessageChunk):
        message = AIMessageChunk(**message.model_dump(exclude={"type"}))
    return _unnamed(message)


def _unnamed(message: T) -> T:
    """Return a message without the id of the hidden run; LangChain adds that of the visible run."""
    own = (message.id or "").startswith(LC_ID_PREFIX)
    return message.model_copy(update={"id": None}) if own else message

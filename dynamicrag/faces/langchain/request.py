"""A call of a chat model, before its model is chosen."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dynamicrag.faces.langchain.prompt_size import PromptSize

if TYPE_CHECKING:
    from langchain.agents.middleware import ModelRequest
    from langchain_core.messages import BaseMessage


@dataclass(frozen=True)
class Request:
    """A call of a chat model, before its model is chosen.

    Attributes:
        messages: The whole prompt: system message and conversation.
        tools: The tools that the model may call, in any form that ``bind_tools`` takes.
        structured: Whether the reply has a schema, by the provider's feature or by a tool.
        max_tokens: Largest number of tokens of the reply by the call's own setting; ``None`` without one.
    """

    messages: "Sequence[BaseMessage]"
    tools: Sequence[Any] = ()
    structured: bool = False
    max_tokens: int | None = None

    @property
    def with_tools(self) -> bool:
        """Whether only a model that can call tools can answer."""
        return bool(self.tools) or self.structured

    @cached_property
    def size(self) -> PromptSize:
        """The size of the prompt."""
        return PromptSize.of(self.messages, self.tools)


def request_of(request: "ModelRequest[Any]") -> Request:
    """Return the request of an agent's middleware."""
    messages = [request.system_message, *request.messages] if request.system_message else request.messages
    limit = request.model_settings.get("max_tokens")
    schemas = _schemas(request.response_format)
    return Request(
        messages=messages,
        tools=[*request.tools, *schemas],
        structured=request.response_format is not None,
        max_tokens=limit if isinstance(limit, int) else None,
    )


def _schemas(response_format: Any) -> list[dict[str, Any]]:
    """Return the schemas of a response format, which take room in the prompt as tools do."""
    if response_format is None:
        return []
    from langchain.agents.structured_output import AutoStrategy, ProviderStrategy, ToolStrategy

    if not isinstance(response_format, AutoStrategy | ProviderStrategy | ToolStrategy):
        response_format = AutoStrategy(schema=response_format)
    specs = ToolStrategy(schema=response_format.schema).schema_specs
    return [{"name": each.name, "parameters": each.json_schema} for each in specs]

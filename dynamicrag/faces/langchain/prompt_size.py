"""The size of a prompt with tools: an estimate for choosing, and an upper bound for reserving."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dynamicrag.cost.expect import CHARACTERS
from dynamicrag.llm.chat import ChatModel
from dynamicrag.llm.message_sizes import AROUND

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

BESIDE_TOOLS = 1024
"""Tokens of a provider's own instructions on how to call tools, at most; Anthropic documents up to 804."""
AROUND_TOOL = 32
"""Tokens that a provider puts around the definition of a tool, at most."""


@dataclass(frozen=True)
class PromptSize:
    """The texts of a prompt, and their size.

    Attributes:
        texts: A text for all tools, if there are any, and one for each message.
        tools: Number of tools.
    """

    texts: Sequence[str]
    tools: int

    @classmethod
    def of(cls, messages: "Sequence[BaseMessage]", tools: Sequence[Any]) -> "PromptSize":
        """Return the size of a prompt. Content other than text counts by its JSON."""
        defined = [_json([_definition(tool) for tool in tools])] if tools else []
        return cls([*defined, *map(_text, messages)], len(tools))

    @cached_property
    def bytes(self) -> int:
        """Bytes of all texts."""
        return sum(len(text.encode(errors="replace")) for text in self.texts)

    @property
    def tokens(self) -> float:
        """Expected tokens."""
        return sum(map(len, self.texts)) / CHARACTERS

    @property
    def most(self) -> int:
        """Upper bound of the tokens in any vocabulary."""
        return self.bytes + AROUND * len(self.texts) + self._for_tools

    async def bound(self, model: ChatModel) -> int:
        """Return an upper bound of the tokens in a model's vocabulary, as far as it is known."""
        from langchain_core.messages import HumanMessage

        return await model.bound_prompt([HumanMessage(text) for text in self.texts]) + self._for_tools

    @property
    def _for_tools(self) -> int:
        return BESIDE_TOOLS + AROUND_TOOL * self.tools if self.tools else 0


def _text(message: "BaseMessage") -> str:
    parts = message.content if isinstance(message.content, list) else [message.content]
    others = [part for part in parts if not isinstance(part, str) and "text" not in part]
    calls = getattr(message, "tool_calls", None)
    more = [*others, *([list(calls)] if calls else [])]
    return "\n".join([message.text, *map(_json, more)])


def _definition(tool: Any) -> Any:
    from langchain_core.utils.function_calling import convert_to_openai_tool

    if isinstance(tool, Mapping) and "function" not in tool and "name" not in tool and "title" not in tool:
        return tool  # a tool of the provider, for example a web search
    try:
        return convert_to_openai_tool(tool)
    except Exception:  # noqa: BLE001 - a class may bind tools in any form of its own
        return tool if isinstance(tool, Mapping) else str(tool)


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):  # keys that are no text, or a circle
        return str(value)

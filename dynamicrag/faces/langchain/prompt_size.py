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
IMAGE_TOKENS = 1_500.0
"""Expected tokens of an image: about a megapixel for Claude, six tiles for GPT-4o."""
MOST_IMAGE_TOKENS = 48_169
"""Tokens of an image of any size: the largest figure found, gpt-4o-mini's 2,833 and 8 tiles of 5,667 each.

Source: bills of users and documentation of packages, November 2026, not the provider's own page. Providers
scale larger images down, or refuse them. No figure was found for Gemini.
"""
MOST_CLAUDE_IMAGE_TOKENS = 4_784
"""The same for Claude, from sources of the same kind."""


@dataclass(frozen=True)
class PromptSize:
    """The texts of a prompt, and their size.

    Attributes:
        texts: A text for all tools, if there are any, and one for each message.
        others: The JSON of the content that is neither text nor an image, for example of a file.
        images: Number of images; their bytes and addresses say nothing about their tokens.
        tools: Number of tools.
    """

    texts: Sequence[str]
    others: Sequence[str]
    images: int
    tools: int

    @classmethod
    def of(cls, messages: "Sequence[BaseMessage]", tools: Sequence[Any]) -> "PromptSize":
        """Return the size of a prompt."""
        defined = [_json([_definition(tool) for tool in tools])] if tools else []
        parts = [part for message in messages for part in _parts(message)]
        images = sum(map(_is_image, parts))
        others = [_json(part) for part in parts if not _is_image(part)]
        return cls([*defined, *map(_text, messages)], others, images, len(tools))

    @cached_property
    def bytes(self) -> int:
        """Bytes of the texts."""
        return _bytes(self.texts)

    @property
    def tokens(self) -> float:
        """Expected tokens."""
        return sum(map(len, [*self.texts, *self.others])) / CHARACTERS + IMAGE_TOKENS * self.images

    @cached_property
    def most(self) -> int:
        """Upper bound of the tokens for any model."""
        around = AROUND * len(self.texts)
        return self.bytes + _bytes(self.others) + around + self._beside(MOST_IMAGE_TOKENS)

    async def bound(self, model: ChatModel) -> int:
        """Return an upper bound of the tokens for a model, as far as its vocabulary is known."""
        from langchain_core.messages import HumanMessage

        written = [HumanMessage(text) for text in (*self.texts, *self.others)]
        image = MOST_CLAUDE_IMAGE_TOKENS if "claude" in model.spec.lower() else MOST_IMAGE_TOKENS
        return await model.bound_prompt(written) + self._beside(image)

    def _beside(self, image: int) -> int:
        """Return the tokens of the images and around the tools, at most."""
        return image * self.images + (BESIDE_TOOLS + AROUND_TOOL * self.tools if self.tools else 0)


def _text(message: "BaseMessage") -> str:
    calls = getattr(message, "tool_calls", None)
    return "\n".join([message.text, *([_json(list(calls))] if calls else [])])


def _parts(message: "BaseMessage") -> list[dict[str, Any]]:
    """Return the content without text."""
    parts = message.content if isinstance(message.content, list) else []
    return [part for part in parts if isinstance(part, dict) and "text" not in part]


def _is_image(part: Mapping[str, Any]) -> bool:
    """Return whether a part is an image, in the form of LangChain, OpenAI, Anthropic, Google or Bedrock."""
    kind = str(part.get("mime_type") or part.get("media_type") or "")
    typed = part.get("type") in ("image", "image_url", "input_image") or kind.startswith("image/")
    return typed or "image" in part


def _bytes(texts: Sequence[str]) -> int:
    return sum(len(text.encode(errors="replace")) for text in texts)


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

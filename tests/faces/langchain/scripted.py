"""Policies of scripted chat models with tools."""

from collections.abc import Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from dynamicrag import DynamicRAG
from dynamicrag.testing.tools import ScriptedToolChat as ToolChat
from dynamicrag.testing.tools import calls_tools as calls
from dynamicrag.testing.tools import says as said

__all__ = ["StreamChat", "ToolChat", "calls", "policy_of", "rag_of", "said"]


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

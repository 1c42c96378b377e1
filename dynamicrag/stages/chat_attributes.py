"""Attributes of a model call's span by the GenAI conventions: the request and the answer."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dynamicrag import traces
from dynamicrag.llm.completion import Completion

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

__all__ = ["answered", "asked"]

ROLES: Mapping[str, str] = {"human": "user", "ai": "assistant"}


def asked(messages: "Sequence[BaseMessage]", max_tokens: int, temperature: float) -> traces.Attributes:
    """Return the attributes of a request; its messages only if content is recorded."""
    texts = (
        [_part(ROLES.get(each.type, each.type), each.text) for each in messages] if traces.content() else None
    )
    return {
        "gen_ai.request.max_tokens": max_tokens,
        "gen_ai.request.temperature": temperature,
        "gen_ai.input.messages": None if texts is None else json.dumps(texts, ensure_ascii=False),
    }


def answered(completion: Completion) -> traces.Attributes:
    """Return the attributes of an answer; its text only if content is recorded."""
    reason = completion.finish_reason
    said = [{**_part("assistant", completion.text), "finish_reason": reason or "unknown"}]
    return {
        "gen_ai.response.model": completion.model or None,
        "gen_ai.response.finish_reasons": None if reason is None else [reason],
        "gen_ai.output.messages": json.dumps(said, ensure_ascii=False) if traces.content() else None,
    }


def _part(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}

"""Descriptions of options: a text, or a pair of a domain and an action, and the texts of built-in options.

Routers that read descriptions, such as ``llm``, choose by them; all others ignore them. A description
changes no outcome of an option, so recordings do not depend on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, WithJsonSchema

from dynamicrag.plain_values import shown
from dynamicrag.types import Option

__all__ = ["DESCRIPTION", "DESCRIPTION_SCHEMA", "Description", "described", "text_of"]

DESCRIPTION = "description"
"""Key of an option's description, beside its spec or its parameters."""
PAIR = ("domain", "action")
"""Keys of a description in two parts, as in Arch-Router (Tran et al. 2025, arXiv 2506.16655)."""
LONGEST = 1_000
"""Largest number of characters of a description: a router's prompt holds those of all options."""
_TEXT = {"type": "string", "minLength": 1, "maxLength": LONGEST}
DESCRIPTION_SCHEMA: dict[str, Any] = {
    "anyOf": [
        _TEXT,
        {
            "type": "object",
            "properties": dict.fromkeys(PAIR, _TEXT),
            "required": list(PAIR),
            "additionalProperties": False,
        },
    ]
}
"""JSON Schema of a description."""
BUILT_IN: Mapping[str, Mapping[str, str]] = {
    "retrieval": {
        "none": "search nothing: a greeting, thanks, a sum, or a request about this conversation itself",
        "reuse": "search nothing again: a question about the passages of the answer before",
        "single": "search the documents once: a question about one thing",
        "extend": "search once, and keep the passages of the answer before: a question that continues",
        "iterative": "search the documents in several rounds: a question whose facts build on each other",
    },
    "rewrite": {
        "none": "search for the question as it is written",
        "hyde": "search for an invented passage: a question whose words differ from those of the documents",
        "multi_query": "search for several wordings: a vague question",
        "decompose": "search for the parts one by one: a question of several parts",
    },
    "rerank": {
        "none": "keep the order of the search",
        "mmr": "prefer passages with new content: a question about several things",
        "cross_encoder": "compare question and passage word by word: a precise question",
        "llm": "let a model sort the passages: a question of several conditions",
    },
    "prompt": {
        "direct": "answer at once: a fact to look up",
        "compare": "compare values: which of several things is the first, the oldest or the longest",
        "cot": "reason step by step before the answer: a problem of several steps",
    },
    "verification": {
        "accept": "take the draft as the answer",
        "refine": "let a model improve the draft",
        "escalate": "go back to a stage and take a stronger option",
        "ask_again": "ask for another draft",
        "abstain": "give no answer",
    },
}
"""Descriptions of options whose names have a fixed meaning, by stage."""
O = TypeVar("O", bound=Option)  # noqa: E741 - the kind of option


def text_of(given: Any) -> str:
    """Return a description as one text; a pair as ``domain: action``.

    Raises:
        ValueError: It is neither a text nor a pair, or is empty or too long.
    """
    parts = [given]
    if isinstance(given, Mapping):
        if set(given) != set(PAIR):
            raise ValueError(f"expected a text or {{domain: …, action: …}}, got {shown(given)}")
        parts = [given[key] for key in PAIR]
    if not all(isinstance(part, str) for part in parts):
        raise ValueError(f"expected a text or {{domain: …, action: …}}, got {shown(given)}")
    texts = [" ".join(part.split()) for part in parts]
    if not all(texts):
        raise ValueError("it is empty; describe the questions that suit this option, or remove it")
    text = ": ".join(texts)
    if len(text) > LONGEST:
        raise ValueError(f"{len(text):,} characters; at most {LONGEST:,}")
    return text


Description = Annotated[str, BeforeValidator(text_of), WithJsonSchema(DESCRIPTION_SCHEMA)]
"""A description in a section of a policy; ``""`` without one."""


def described(stage: str, options: Sequence[O], texts: Mapping[str, str]) -> list[O]:
    """Return options with their descriptions.

    The policy's text comes first, then the stage's own, then the built-in one. A move of verification has the
    description of its option: ``escalate:retriever`` that of ``escalate``.
    """
    built_in = BUILT_IN.get(stage, {})

    def text(option: Option) -> str:
        name = option.name.partition(":")[0] if stage == "verification" else option.name
        return texts.get(name) or option.description or built_in.get(name, "")

    return [replace(option, description=text(option)) for option in options]

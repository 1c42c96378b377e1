"""Keeps a client alive on a usage report with values that are not counts.

LangChain's class for OpenAI adds up the numbers of a report, and refuses messages with fractions: a text or
a list in a report would abort a complete answer. So values that are not counts are removed before.
"""

from collections.abc import Mapping
from typing import Any

from dynamicrag.cost.usage import number

__all__ = ["tolerant"]

_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens")
_DETAILS = ("prompt_tokens_details", "completion_tokens_details")
_CONVERT = "_convert_chunk_to_generation_chunk"


def tolerant(client: Any) -> Any:
    """Make a client of LangChain's OpenAI kind tolerate odd usage reports, and return it."""
    convert = getattr(client, _CONVERT, None)
    if convert is not None:

        def converted(chunk: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
            return convert(_plain(chunk), *args, **kwargs)

        object.__setattr__(client, _CONVERT, converted)  # pydantic would refuse it
    return client


def _plain(chunk: Mapping[str, Any]) -> Mapping[str, Any]:
    usage = chunk.get("usage")
    if not usage:
        return chunk
    if not isinstance(usage, Mapping):
        return {**chunk, "usage": None}
    plain = {**usage, **{key: number(usage[key]) for key in _COUNTS if key in usage}}
    for key in _DETAILS:
        details = usage.get(key)
        if details is not None:
            counts = details.items() if isinstance(details, Mapping) else ()
            plain[key] = {name: number(value) for name, value in counts}
    return {**chunk, "usage": plain}

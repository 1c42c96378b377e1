"""An answer as it streams: the chunks of a call, gathered into a completion and what it consumed."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dynamicrag.llm.completion import Completion, TokenProb
from dynamicrag.types import Usage

__all__ = ["StreamedAnswer", "token_probs"]


@dataclass
class StreamedAnswer:
    """A stream's chunks, gathered so far."""

    text: list[str] = field(default_factory=list)
    tokens: list[TokenProb] = field(default_factory=list)
    message_id: str = ""
    finish_reason: str | None = None
    first_token_seconds: float | None = None
    timings: Mapping[str, float] = field(default_factory=dict)
    usage: dict[str, Any] = field(default_factory=dict)
    seen: int = 0

    def add(self, chunk: Any, seconds: float) -> None:
        """Take a chunk that came so many seconds after the call."""
        if chunk.text:
            self.seen += 1
            self.text.append(chunk.text)
            self.first_token_seconds = self.first_token_seconds or seconds
        self.message_id = self.message_id or chunk.id or ""
        metadata = chunk.response_metadata
        reason = metadata.get("finish_reason") or metadata.get("stop_reason") or metadata.get("done_reason")
        self.finish_reason = reason or self.finish_reason
        self.timings = metadata.get("timings") or self.timings
        self.tokens += token_probs((metadata.get("logprobs") or {}).get("content") or ())
        if chunk.usage_metadata:
            from langchain_core.messages.ai import add_usage

            # some providers count in the first chunk what they read, in the last what they wrote
            self.usage = dict(add_usage(self.usage or None, chunk.usage_metadata))  # type: ignore[arg-type]

    def count(self, input_tokens: int) -> None:
        """Take what was seen for what was used: the prompt as estimated, and a token a chunk."""
        self.usage = {"input_tokens": input_tokens, "output_tokens": self.seen}

    def as_usage(self, seconds: float, cpu_seconds: float) -> Usage:
        """Return what the call consumed."""
        counts = self.usage
        return Usage(
            calls=1,
            input_tokens=counts.get("input_tokens", 0),
            cached_tokens=(counts.get("input_token_details") or {}).get("cache_read") or 0,
            output_tokens=counts.get("output_tokens", 0),
            seconds=seconds,
            cpu_seconds=cpu_seconds,
            first_token_seconds=self.first_token_seconds,
        )

    def completion(self, usage: Usage) -> Completion:
        """Return what was gathered."""
        return Completion(
            "".join(self.text), self.message_id, usage, tuple(self.tokens), self.finish_reason, self.timings
        )


def token_probs(entries: Iterable[Mapping[str, Any]]) -> Iterable[TokenProb]:
    """Read ``logprobs.content`` of OpenAI's API, asked with ``top_logprobs``."""
    for item in entries:
        likely = [(o.get("token", ""), math.exp(o["logprob"])) for o in item.get("top_logprobs") or ()]
        top = sorted(likely, key=lambda other: -other[1])
        margin = top[0][1] - top[1][1] if len(top) > 1 else 1.0
        yield TokenProb(item["token"], item["logprob"], margin, tuple(top))

"""An answer as it streams: the chunks of a call, gathered into a completion and what it consumed."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dynamicrag.cost.usage import Counted, Tokens
from dynamicrag.llm.completion import Completion, TokenProb
from dynamicrag.types import Usage

__all__ = ["StreamedAnswer", "token_probs"]


@dataclass
class StreamedAnswer:
    """A stream's chunks, gathered so far.

    Args:
        counted: Counts the tokens, as far as they are known.
    """

    counted: Counted
    text: list[str] = field(default_factory=list)
    tokens: list[TokenProb] = field(default_factory=list)
    message_id: str = ""
    finish_reason: str | None = None
    first_token_seconds: float | None = None
    timings: Mapping[str, float] = field(default_factory=dict)

    def add(self, chunk: Any, seconds: float) -> None:
        """Take a chunk that came so many seconds after the call."""
        if chunk.text:
            self.text.append(chunk.text)
            self.first_token_seconds = self.first_token_seconds or seconds
        self.message_id = self.message_id or chunk.id or ""
        metadata = chunk.response_metadata
        reason = metadata.get("finish_reason") or metadata.get("stop_reason") or metadata.get("done_reason")
        self.finish_reason = reason or self.finish_reason
        self.timings = metadata.get("timings") or self.timings
        listed = [*token_probs((metadata.get("logprobs") or {}).get("content") or ())]
        self.tokens += listed
        self.counted.saw(chunk.text, len(listed))
        self.counted.told(chunk.usage_metadata)

    def as_usage(self, tokens: Tokens, seconds: float, cpu_seconds: float) -> Usage:
        """Return what the call consumed."""
        return Usage(
            calls=1,
            input_tokens=tokens.input,
            cached_tokens=tokens.cached,
            output_tokens=tokens.output,
            seconds=seconds,
            cpu_seconds=cpu_seconds,
            first_token_seconds=self.first_token_seconds,
            assumed=tokens.assumed,
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

"""A model call that the watch has seen begin: what is known of its prompt and of its reply."""

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from dynamicrag.cost.line import Line
from dynamicrag.cost.usage import Counted, Tokens
from dynamicrag.faces.langchain.prompt_size import PromptSize

__all__ = ["NOTHING", "NO_LIMIT", "Limits", "SeenCall", "is_cached"]

NO_LIMIT = 10**9
NOTHING = Tokens(0, 0, 0, assumed=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """The reservation of a call.

    Attributes:
        most_input: Tokens reserved for the prompt; ``None`` without a reservation.
        most_output: Largest number of generated tokens that was sent; ``None`` without one.
    """

    most_input: int | None = None
    most_output: int | None = None


@dataclass(slots=True)
class SeenCall:
    """A call in progress.

    Attributes:
        span: The open line's context.
        line: Its line.
        asked: The model that it asks, ``provider:model``.
        size: The size of its prompt; ``None`` if unknown.
        counted: Its reply so far.
        cpu: CPU time of the process when it began.
        first_token: Seconds until its first token.
        around: The call within whose class it was made, if any.
        within: The answered calls that its own class has made, with their tokens.
    """

    span: AbstractContextManager[Line]
    line: Line
    asked: str
    size: PromptSize | None
    counted: Counted
    cpu: float
    first_token: float | None = None
    around: "SeenCall | None" = None
    within: list[tuple[Line, Tokens]] = field(default_factory=list)

    def repeated(self, tokens: Tokens) -> Line | None:
        """Return the call that this one passes on: its class wraps another model, and reports its usage."""
        found = (line for line, theirs in self.within if theirs == tokens and not tokens.assumed)
        return next(found, None)

    def add_chunk(self, message: Any) -> None:
        """Count a chunk of a streamed reply."""
        written = message.text + "".join(each.get("args") or "" for each in message.tool_call_chunks)
        if written and self.first_token is None:
            self.first_token = time.perf_counter() - self.line.begin
        self.counted.add_chunk(written)
        self.counted.add_report(message.usage_metadata)

    def add_reply(self, message: Any) -> None:
        """Count a whole reply, unless its chunks are counted."""
        if not self.counted.chunks:
            calls = "".join(str(each.get("args")) for each in message.tool_calls)
            self.counted.add_chunk(message.text + calls)
        if not self.counted.reports:
            self.counted.add_report(message.usage_metadata)

    def tokens(self, limits: Limits) -> Tokens:
        """Return the tokens to book; without a credible report, those reserved."""
        size, most_input, counted = self.size, limits.most_input, self.counted
        if limits.most_output is None and not any(each.output for each in counted.reports):
            counted.most_output = max(counted.size, 1)  # no limit, no report: a token has at least one byte
        if size is None:
            return counted.tokens(0, NO_LIMIT if most_input is None else most_input, most_input or 0)
        return counted.tokens(size.bytes, size.most, round(size.tokens) if most_input is None else most_input)


def is_cached(message: Any) -> bool:
    """Return whether a reply is from LangChain's cache, which marks it by a cost of 0."""
    usage = getattr(message, "usage_metadata", None) or {}
    return "total_cost" in usage and usage["total_cost"] == 0

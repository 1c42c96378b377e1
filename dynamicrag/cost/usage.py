"""The tokens used by a call, as far as the provider's report is credible.

Providers report usage in many ways: once at the end; the input in the first chunk and the output in the
last; increments; running totals in every chunk; nulls, zeros, more cached tokens than input. So a report is
checked against the answer's text and against the reservation for the call. An unknown count is booked at its
worst case, never at zero.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dynamicrag.types import Usage

LONGEST_TOKEN = 128
"""Bytes of the longest token in common vocabularies (in OpenAI's, runs of 128 spaces): a prompt has at least
one token per this number of bytes.
"""

BYTES_PER_TOKEN = 4
"""Bytes per token in streamed text whose pieces are smaller than a token."""

RUNAWAY_BYTES = 8
"""Bytes per token above which an answer with too many pieces runs away; English has 4 to 5."""

RUNAWAY_CHUNKS = 16
"""Chunks per token, with or without text, after which a stream counts as endless."""

_ABSURD = 10**9


class Tokens(NamedTuple):
    """The token counts booked for a call.

    Attributes:
        input: Tokens of the prompt, cached ones included.
        cached: Cached tokens of the prompt.
        output: Generated tokens.
        assumed: Whether a count is a worst case, because the provider did not report it.
    """

    input: int
    cached: int
    output: int
    assumed: bool

    def usage(
        self, seconds: float, cpu_seconds: float, first_token_seconds: float | None, calls: int = 1
    ) -> Usage:
        """Return the usage of a call with these tokens."""
        return Usage(
            calls=calls,
            input_tokens=self.input,
            cached_tokens=self.cached,
            output_tokens=self.output,
            seconds=seconds,
            cpu_seconds=cpu_seconds,
            first_token_seconds=first_token_seconds,
            assumed=self.assumed,
        )


class Report(NamedTuple):
    """One report of usage; ``None`` for a count that is missing or impossible."""

    input: int | None
    output: int | None
    cached: int | None


@dataclass
class Counted:
    """The size of one answer as it streams, and the provider's reports of its usage.

    Args:
        most_output: Largest number of tokens in the answer, as requested and reserved.
    """

    most_output: int
    reports: list[Report] = field(default_factory=list)
    chunks: int = 0
    pieces: int = 0
    size: int = 0
    listed: int = 0

    def add_chunk(self, text: str, listed: int = 0) -> None:
        """Count a chunk: its text, and the number of tokens listed with probabilities."""
        self.chunks += 1
        self.pieces += bool(text)
        self.size += len(text.encode(errors="replace"))
        self.listed += listed

    def add_report(self, usage: Mapping[str, Any] | None) -> None:
        """Add a usage report in LangChain's form, if any."""
        if usage:
            details = usage.get("input_token_details")
            cached = details.get("cache_read") if isinstance(details, Mapping) else None
            report = Report(
                number(usage.get("input_tokens")), number(usage.get("output_tokens")), number(cached)
            )
            if report.input or report.output:  # zeros carry no information, also after running totals
                self.reports.append(report)

    @property
    def seen(self) -> int:
        """Lower bound of the answer's tokens, from its text."""
        return max(min(self.pieces, math.ceil(self.size / BYTES_PER_TOKEN)), self.listed)

    @property
    def runs_away(self) -> bool:
        """Whether the answer is longer than requested, so that reading should stop."""
        most = self.most_output
        return (
            self.listed > most
            or (self.pieces > most and self.size > RUNAWAY_BYTES * most)
            or self.size > LONGEST_TOKEN * most
            or self.chunks > RUNAWAY_CHUNKS * (most + 4)
        )

    def tokens(self, prompt_bytes: int, most: int, set_aside: int) -> Tokens:
        """Return the token counts to book for the call.

        Args:
            prompt_bytes: Bytes of the prompt.
            most: Upper bound of the prompt's tokens in any vocabulary; higher reports are rejected.
            set_aside: Tokens reserved for the call, booked if the provider reports nothing credible.
        """
        said = _merged(self.reports, self.seen)
        least = math.ceil(prompt_bytes / LONGEST_TOKEN)
        read_known = bool(said.input) and (said.input or 0) >= least
        read = min(said.input or 0, most) if read_known else set_aside
        written_known = said.output is not None and (said.output > 0 or not self.seen)
        # a cancelled stream has not reported its output; a report below the tokens seen is wrong
        written = max(said.output or 0, self.seen) if written_known else self.most_output
        # cached tokens are cheap: a count above the input is treated as zero
        cached = said.cached or 0 if read_known and (said.cached or 0) <= (said.input or 0) else 0
        return Tokens(
            read, min(cached, read), min(written, self.most_output), not (read_known and written_known)
        )


def number(value: Any) -> int | None:
    """Return a count of tokens, or ``None`` if the value is not a count."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not (math.isfinite(value) and 0 <= value <= _ABSURD and value == int(value)):
        return None
    return int(value)


def _merged(reports: Sequence[Report], seen: int) -> Report:
    """Return the combined report: the last of running totals, otherwise the sum."""
    columns = [[value for value in column if value is not None] for column in zip(*reports, strict=True)]
    if not columns:
        return Report(None, None, None)
    merge = (lambda column: column[-1]) if _running(reports, seen) else sum
    return Report(*(merge(column) if column else None for column in columns))


def _running(reports: Sequence[Report], seen: int) -> bool:
    """Return whether the reports are running totals: each includes those before it."""
    inputs = [report.input or 0 for report in reports]
    outputs = [report.output or 0 for report in reports]
    if inputs != sorted(inputs) or outputs != sorted(outputs):
        return False
    # pieces of equal length reported one by one look alike; but a prompt is reported once then, and the last
    # report alone is below the tokens seen
    one_by_one = sum(value > 0 for value in inputs) <= 1 and outputs[-1] < seen <= sum(outputs)
    return not one_by_one

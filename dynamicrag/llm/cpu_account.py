"""CPU time of local calls, also of overlapping ones.

llama.cpp's timings are wall time. Threads times timings is right for a call that has the machine to
itself, but too high (1.5 to 3.6 times, measured) when two slots or another process share the cores. Tokens
are a better measure: ``a * computed prompt tokens + b * output tokens`` with one pair (a, b) per model and
host matches the process's CPU time within 14% for single calls, and within 10% for sums of overlapping
ones, on an otherwise idle machine. If other processes compete for the cores, llama.cpp's threads burn up to
three times as much waiting for each other; tokens cannot show that.

So a call that ran alone is charged its own use: the lower of the process's CPU time meanwhile (which may
include other work in this process) and threads times timings (which may include waiting for other
processes). It also updates (a, b). A call that overlapped others is charged by its tokens.
"""

import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["CpuAccount", "Span"]

# Initial values per byte of the weights' file, from an x86 server of 2025.
PROMPT_SECONDS_PER_BYTE = 25e-12
OUTPUT_SECONDS_PER_BYTE = 75e-12
# The initial values weigh little against one call; older calls fade by KEEP with each new one.
PRIOR_WEIGHT = 0.02
KEEP = 0.98

# Of all local models, because they share the cores; by process, because a fork starts empty. Used only on the
# portal's loop.
_open: defaultdict[int, set["Span"]] = defaultdict(set)


@dataclass(eq=False)
class Span:
    """The interval in which one call was computed."""

    began: float
    alone: bool
    cpu_seconds: float = 0.0


class CpuAccount:
    """CPU-seconds per token of one model on this host, estimated from the calls that ran alone.

    Args:
        size: Bytes of the model's file.
        threads: Threads that compute.
    """

    def __init__(self, size: int, threads: int) -> None:
        self._threads = threads
        start = np.array([PROMPT_SECONDS_PER_BYTE, OUTPUT_SECONDS_PER_BYTE]) * size
        self._floor = start / 20
        # weighted least squares of seconds on tokens, relative errors: A x = b
        self._A = np.zeros((2, 2))
        self._b = np.zeros(2)
        for tokens, seconds in zip(np.eye(2), start, strict=True):
            self._observe(tokens, float(seconds), PRIOR_WEIGHT)

    @property
    def coefficients(self) -> tuple[float, float]:
        """CPU-seconds per computed prompt token and per output token."""
        a, b = np.maximum(np.linalg.solve(self._A, self._b), self._floor)
        return float(a), float(b)

    @contextmanager
    def span(self) -> Iterator[Span]:
        """Open while a call is computed; runs on the portal's loop."""
        others = _open[os.getpid()]
        span = Span(time.process_time(), alone=not others)
        for other in others:
            other.alone = False
        others.add(span)
        try:
            yield span
        finally:
            others.discard(span)
            span.cpu_seconds = time.process_time() - span.began

    def charge(self, span: Span, timings: Mapping[str, float]) -> float:
        """Return the CPU-seconds of a finished call.

        Args:
            span: The call's closed span.
            timings: llama.cpp's timings: ``prompt_n``, ``predicted_n``, ``prompt_ms``, ``predicted_ms``.
        """
        tokens = np.array([timings.get("prompt_n", 0.0), timings.get("predicted_n", 0.0)])
        if not span.alone:
            return float(tokens @ np.array(self.coefficients))
        busy = (timings.get("prompt_ms", 0.0) + timings.get("predicted_ms", 0.0)) / 1000 * self._threads
        seconds = min(span.cpu_seconds, busy)
        if seconds > 0:
            self._A *= KEEP
            self._b *= KEEP
            self._observe(tokens, seconds)
        return seconds

    def charge_broken_off(self, span: Span, input_tokens: int, output_tokens: int) -> float:
        """Return the CPU-seconds of a call that broke off, which has no timings of llama.cpp.

        Both its tokens and the process's time are upper bounds: its prompt may not have been read to the end.
        """
        if span.alone:
            return span.cpu_seconds
        return min(span.cpu_seconds, float(np.array([input_tokens, output_tokens]) @ self.coefficients))

    def _observe(self, tokens: NDArray[np.float64], seconds: float, weight: float = 1.0) -> None:
        relative = tokens / seconds
        self._A += weight * np.outer(relative, relative)
        self._b += weight * relative

"""What is fuzzed: made-up inputs, and the work that reads them."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from dynamicrag.errors import DynamicRAGError

STALL_SECONDS = 15.0
"""One input that takes longer has stalled; generous, for the machine may be busy."""


@dataclass
class Target:
    """One kind of input.

    Attributes:
        name: Its name.
        inputs: Makes inputs.
        read: Reads one, in an empty folder of its own; raises ``DynamicRAGError`` for what is wrong.
        names: What a message must name one of, to say where the mistake is; empty where any will do.
        prepare: Makes what inputs are made from, once.
        outcomes: How often each outcome was seen.
    """

    name: str
    inputs: SearchStrategy[Any]
    read: Callable[[Any, Path], object]
    names: tuple[str, ...] = ()
    prepare: Callable[[], object] = lambda: None
    outcomes: Counter[str] = field(default_factory=Counter)

    def run(self, folder: Path, examples: int, start: int | None = None) -> None:
        """Read many inputs; by default the same every time, else those of a seed.

        Raises:
            AssertionError: An input stalled, or the message of an error names no place.
            Exception: Whatever else reading an input raised.
        """
        self.prepare()
        count = 0

        def check(made: Any) -> None:
            nonlocal count
            count += 1
            own = folder / f"{self.name}-{count}"
            own.mkdir()
            self._check(made, own)

        fuzz = given(self.inputs)(check)
        if start is not None:
            fuzz = seed(start)(fuzz)
        settings(
            max_examples=examples, derandomize=start is None, database=None, deadline=None,
            suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink), print_blob=False,
        )(fuzz)()  # fmt: skip

    def _check(self, made: Any, folder: Path) -> None:
        began = time.monotonic()
        try:
            self.read(made, folder)
        except DynamicRAGError as error:
            told = str(error)
            assert told.strip(), "an error without a message"
            assert not self.names or any(name in told for name in self.names), f"names no place: {told[:300]}"
            assert len(told) < 20_000, f"an error of {len(told):,} characters"
            self.outcomes[type(error).__name__] += 1
        else:
            self.outcomes["read"] += 1
        assert time.monotonic() - began < STALL_SECONDS, "stalled"

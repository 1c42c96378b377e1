"""A meter that says what the test tells it to."""

import time

from dynamicrag.cost.meter import Interval, Sink


class ManualMeter:
    """Reports an interval when it is told to, from the last one's end to now."""

    name = "manual"

    def __init__(self, kind: str = "measured") -> None:
        self.kind = kind
        self.sink: Sink | None = None
        self.at = time.perf_counter()
        self.starts = self.stops = 0

    def start(self, sink: Sink) -> None:
        self.sink, self.starts = sink, self.starts + 1

    def stop(self) -> None:
        self.stops += 1

    def report(self, active: float, constant: float = 0.0, cpu: float = 0.0) -> None:
        begin, self.at = self.at, time.perf_counter()
        assert self.sink is not None
        self.sink(Interval(begin, self.at, active, constant, cpu))

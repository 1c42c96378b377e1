"""A span on the ledger, against CodeCarbon's start_task and stop_task."""

import logging
from typing import Any

from dynamicrag.cost.attribution import Attribution
from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.meter import NullMeter
from dynamicrag.cost.profiles import Host
from tests.bench.measure import Measure, ratio


def measures() -> list[Measure]:
    """Return the measures of this module."""
    from codecarbon import OfflineEmissionsTracker

    logging.getLogger("codecarbon").setLevel(logging.ERROR)
    tracker: Any = OfflineEmissionsTracker(
        country_iso_code="USA", output_methods=[], log_level="error", allow_multiple_runs=True
    )
    ledger, names = Ledger(Attribution(NullMeter()), Host()), iter(range(10**9))

    def ours() -> None:
        for _ in range(20):
            with ledger.span(f"q{next(names)}", "generator", "small"):
                pass

    def theirs() -> None:
        for _ in range(20):
            name = f"t{next(names)}"
            tracker.start_task(name)
            tracker.stop_task(name)

    value, mine, other = ratio(ours, theirs, rounds=5)
    note = f"{mine / 20 * 1e6:.1f} us against {other / 20 * 1e6:.0f} us"
    return [Measure("a span on the ledger / CodeCarbon's task", value, 0.02, note)]

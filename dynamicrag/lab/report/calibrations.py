"""What calls of local models cost on each host, as fitted from metered calls, with how far that is off."""

from collections.abc import Mapping, Sequence
from typing import Any

from dynamicrag.cost.calibration import LEAST, Calibration, Observation
from dynamicrag.cost.rates import Rate

Calls = Mapping[str, Mapping[str, Sequence[Observation]]]
"""Metered calls by host and model spec, oldest first."""


def calibrations(calls: Calls) -> list[dict[str, Any]]:
    """Return a fit per host and model, in the order of their names.

    Returns:
        ``host``, ``model``, ``calls`` (how many were fitted), ``needed`` (how many a fit takes); ``joules``
        and ``seconds``: ``input`` (a computed token of the prompt), ``output`` (a generated token),
        ``call``, and ``error`` (the median relative error of calls held out); ``None`` while there are too
        few calls to know it, so that the profile's figures stand.
    """
    return [
        _entry(host, spec, rows)
        for host, models in sorted(calls.items())
        for spec, rows in sorted(models.items())
    ]


def by_host(entries: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Return calibrations by their host."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for entry in entries:
        found.setdefault(entry["host"], []).append(entry)
    return found


def _entry(host: str, spec: str, rows: Sequence[Observation]) -> dict[str, Any]:
    fitted = Calibration({spec: rows}).of(spec)
    return {
        "host": host,
        "model": spec,
        "calls": fitted.calls if fitted else sum(row.sound for row in rows),
        "needed": LEAST,
        "joules": _rates(fitted.joules, fitted.joules_error) if fitted else None,
        "seconds": _rates(fitted.seconds, fitted.seconds_error) if fitted else None,
    }


def _rates(rate: Rate, error: float) -> dict[str, float]:
    return {"input": rate.input, "output": rate.output, "call": rate.call, "error": error}

"""The cost of calls of local models on each host, fitted from metered calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dynamicrag.cost.calibration import LEAST, Calibration, Observation
from dynamicrag.cost.rates import Rate

Calls = Mapping[str, Mapping[str, Sequence[Observation]]]
"""Metered calls by host and model spec, oldest first."""


@dataclass(frozen=True, slots=True)
class Rates:
    """A fitted cost.

    Attributes:
        input: Per prompt token that is computed.
        output: Per generated token.
        call: Per call.
        error: Median relative error on calls that were held out.
    """

    input: float
    output: float
    call: float
    error: float


@dataclass(frozen=True, slots=True)
class ModelRates:
    """The fit of a model on a host.

    Attributes:
        host: The host.
        model: The model's spec.
        calls: Number of calls that were fitted.
        needed: Number of calls that a fit takes.
        joules: The fitted energy; ``None`` while there are too few calls, and the profile's stand.
        seconds: The fitted time, likewise.
    """

    host: str
    model: str
    calls: int
    needed: int
    joules: Rates | None
    seconds: Rates | None


def calibrations(calls: Calls) -> list[ModelRates]:
    """Return a fit per host and model, in the order of their names."""
    return [
        _fitted(host, spec, rows)
        for host, models in sorted(calls.items())
        for spec, rows in sorted(models.items())
    ]


def _fitted(host: str, spec: str, rows: Sequence[Observation]) -> ModelRates:
    fit = Calibration({spec: rows}).of(spec)
    if fit is None:
        return ModelRates(host, spec, sum(row.sound for row in rows), LEAST, None, None)
    joules, seconds = _rates(fit.joules, fit.joules_error), _rates(fit.seconds, fit.seconds_error)
    return ModelRates(host, spec, fit.calls, LEAST, joules, seconds)


def _rates(rate: Rate, error: float) -> Rates:
    return Rates(rate.input, rate.output, rate.call, error)

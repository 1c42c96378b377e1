"""The cost of a call to a model in this process on this host, fitted from metered calls.

``joules ≈ input * computed prompt tokens + output * generated tokens + call``, and seconds likewise,
by non-negative least squares of the relative errors, per model. A fit replaces the profile's figures
once its error is known: the median absolute relative error over five held-out fifths.
"""

import logging
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from numbers import Real
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynamicrag.cost.profiles import Rate

LEAST = 20
KEPT = 500
EVERY = 10
"""A model is refitted after this number of new observations."""

Array = NDArray[np.float64]

_log = logging.getLogger(__name__)


class Observation(NamedTuple):
    """A metered call: computed prompt tokens, generated tokens, joules and seconds."""

    computed: float
    output: float
    joules: float
    seconds: float

    @property
    def sound(self) -> bool:
        """Whether the observation is plausible and informative; an unmetered call is neither."""
        return (
            all(isinstance(part, Real) and isfinite(part) and part >= 0 for part in self)
            and self.joules > 0
            and self.seconds > 0
        )


@dataclass(frozen=True, slots=True)
class Fit:
    """Fitted rates of one model.

    Attributes:
        joules: Active energy.
        seconds: Wall time of a call.
        joules_error: Median absolute relative error of the joules of held-out calls.
        seconds_error: The same for the seconds.
        calls: Number of calls in the fit.
    """

    joules: Rate
    seconds: Rate
    joules_error: float
    seconds_error: float
    calls: int


class Calibration:
    """Fits by model spec, from the latest calls.

    Args:
        known: Earlier observations on this host by model spec, oldest first. Implausible ones are ignored.
    """

    def __init__(self, known: Mapping[str, Iterable[Observation]] | None = None) -> None:
        self._lock = threading.Lock()
        self._seen = {
            spec: deque((row for row in rows if row.sound), KEPT) for spec, rows in (known or {}).items()
        }
        self._fits: dict[str, Fit | None] = {}
        self._due = dict.fromkeys(self._seen, 0)
        self._observed = 0

    @property
    def version(self) -> int:
        """A number that changes whenever a fit may have."""
        return self._observed // EVERY

    def observe(self, spec: str, observation: Observation) -> None:
        """Add a settled call, if it is informative."""
        if not observation.sound:
            return
        with self._lock:
            self._seen.setdefault(spec, deque(maxlen=KEPT)).append(observation)
            self._due[spec] = self._due.get(spec, 0) - 1
            self._observed += 1

    def of(self, spec: str) -> Fit | None:
        """Return the fit of a model, or ``None`` while its error is unknown."""
        with self._lock:
            seen = self._seen.get(spec)
            if seen is None or len(seen) < LEAST:
                return None
            if self._due[spec] <= 0:
                self._due[spec] = EVERY
                self._fits[spec] = _fit_or_none(spec, np.array(seen))
            return self._fits[spec]


def fit(rows: Array) -> Fit:
    """Fit ``(n, 4)`` observations: computed tokens, output tokens, joules, seconds."""
    tokens = np.column_stack([rows[:, :2], np.ones(len(rows))])
    joules, seconds = (_rate(_solve(tokens, rows[:, column])) for column in (2, 3))
    return Fit(joules, seconds, _error(tokens, rows[:, 2]), _error(tokens, rows[:, 3]), len(rows))


def _fit_or_none(spec: str, rows: Array) -> Fit | None:
    """Return a fit, or ``None`` if fitting fails."""
    try:
        return fit(rows)
    except (RuntimeError, ValueError) as error:
        _log.warning("model %s: its calls could not be fitted (%s); the profile's figures stand", spec, error)
        return None


def _solve(tokens: Array, amounts: Array) -> Array:
    from scipy.optimize import nnls

    # divide by the amounts: relative errors weigh small and large calls alike
    solution, _ = nnls(tokens / amounts[:, None], np.ones(len(amounts)))
    return np.asarray(solution)


def _rate(solution: Array) -> Rate:
    per_input, per_output, call = map(float, solution)
    return Rate(input=per_input, output=per_output, call=call)


def _error(tokens: Array, amounts: Array) -> float:
    fold = np.arange(len(amounts)) % 5
    predicted = np.empty(len(amounts))
    for held_out in range(5):
        out = fold == held_out
        predicted[out] = tokens[out] @ _solve(tokens[~out], amounts[~out])
    return float(np.median(np.abs(predicted - amounts) / amounts))

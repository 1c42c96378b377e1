"""The energy meters by name, and the one of this process.

Two meters of one process would each see all of its energy, and count each other's queries as idling.
So all policies share one meter, which runs while any of them is in use. A fork starts its own, because
threads do not survive a fork.
"""

import os
import threading
from collections.abc import Callable

from dynamicrag.cost.attribution import Attribution
from dynamicrag.cost.meter import CpuTimeMeter, EnergyMeter, NullMeter
from dynamicrag.errors import PolicyError, unknown


def _codecarbon() -> EnergyMeter:
    from dynamicrag.cost.codecarbon import CodeCarbonMeter

    return CodeCarbonMeter()


_METERS: dict[str, Callable[[], EnergyMeter]] = {
    "codecarbon": _codecarbon,
    "cpu": CpuTimeMeter,
    "none": NullMeter,
}
_lock = threading.Lock()
_shared: dict[tuple[int, str], Attribution] = {}


def check_meter(name: str, where: str = "meter") -> str:
    """Return the name of a meter: ``codecarbon``, ``cpu`` or ``none``.

    Raises:
        PolicyError: Unknown name.
    """
    if name not in _METERS:
        raise PolicyError(unknown(where, "meter", name, _METERS))
    return name


def make_meter(name: str) -> EnergyMeter:
    """Return a new meter by name; raises as :func:`check_meter`."""
    return _METERS[check_meter(name)]()


def shared_attribution(meter: str) -> Attribution:
    """Return this process's attribution for a meter by name, without starting it."""
    key = os.getpid(), meter
    with _lock:
        if key not in _shared:
            _shared[key] = Attribution(make_meter(meter))
        return _shared[key]

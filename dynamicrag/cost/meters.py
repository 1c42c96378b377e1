"""The energy meters by name."""

from collections.abc import Callable

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

"""One function per cost dimension, ``(Usage, Profile, Host) -> (amount, kind)``.

A new dimension is one function here, with its coefficients in the profiles. Joules of work on this
host are not here: they are metered and split, see :mod:`dynamicrag.cost.ledger`; what is computed
here for such work is the stand-in until the meter has spoken.
"""

from collections.abc import Callable

from dynamicrag.cost.profiles import Host, Profile
from dynamicrag.cost.vector import Cost, Dimension, Kind
from dynamicrag.types import Usage

JOULES_PER_KWH = 3.6e6


def usd(usage: Usage, profile: Profile, host: Host) -> tuple[float, Kind]:  # noqa: ARG001
    """Price of the tokens at the profile's rates, which are list prices."""
    return profile.usd.of(usage.input_tokens, usage.output_tokens, usage.cached_tokens), "estimated"


def seconds(usage: Usage, profile: Profile, host: Host) -> tuple[float, Kind]:  # noqa: ARG001
    """Wall time, measured."""
    return usage.seconds, "measured"


def joules(usage: Usage, profile: Profile, host: Host) -> tuple[float, Kind]:
    """Active energy: by token for a remote model, by CPU time on this host."""
    if profile.runs == "remote":
        tokens = profile.joules.of(usage.input_tokens, usage.output_tokens, usage.cached_tokens)
        return tokens * profile.pue, "estimated"
    return usage.cpu_seconds * host.joules_per_cpu_second, "modelled"


def gco2e(usage: Usage, profile: Profile, host: Host) -> tuple[float, Kind]:
    """Carbon of the energy, at the intensity of the grid where the model runs."""
    energy, kind = joules(usage, profile, host)
    return energy * grid(profile, host) / JOULES_PER_KWH, kind


def grid(profile: Profile, host: Host) -> float:
    """Return the carbon intensity in grams per kWh that applies to ``profile``."""
    return host.gco2e_per_kwh if profile.gco2e_per_kwh is None else profile.gco2e_per_kwh


_FUNCTIONS: dict[Dimension, Callable[[Usage, Profile, Host], tuple[float, Kind]]] = {
    "usd": usd,
    "seconds": seconds,
    "joules": joules,
    "gco2e": gco2e,
}


def cost_of(usage: Usage, profile: Profile, host: Host) -> Cost:
    """Return the cost of ``usage`` over all dimensions."""
    parts: dict[tuple[Dimension, Kind], float] = {}
    for dimension, function in _FUNCTIONS.items():
        amount, kind = function(usage, profile, host)
        if amount:
            parts[dimension, kind] = amount
    return Cost(parts)

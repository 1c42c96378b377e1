"""One function per cost dimension, ``(Usage, Profile, Host) -> Amount``.

A new dimension is one function here, with its coefficients in the profiles. Joules of work in this
process are metered and split, see :mod:`dynamicrag.cost.attribution`; what is computed here for such
work is the stand-in until the meter has spoken.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from dynamicrag.cost.profiles import IN_PROCESS, Host, Profile
from dynamicrag.cost.vector import UNKNOWN, Cost, Dimension, Kind
from dynamicrag.types import Usage

JOULES_PER_KWH = 3.6e6


class Amount(NamedTuple):
    """A value with its provenance, and how far below and above it the truth may lie."""

    value: float
    kind: Kind
    below: float = 0.0
    above: float = 0.0


def usd(usage: Usage, profile: Profile, host: Host) -> Amount:  # noqa: ARG001
    """Price of the tokens at the profile's rates, which are list prices.

    A call that used no tokens reached nobody, and costs nothing. Without a known price the amount is a
    stand-in of kind ``unknown``.
    """
    if not _reached(usage):
        return Amount(0.0, "estimated")
    amount = profile.usd.of(usage.input_tokens, usage.output_tokens, usage.cached_tokens)
    return Amount(amount, "estimated" if profile.priced else UNKNOWN)


def _reached(usage: Usage) -> bool:
    return bool(usage.input_tokens or usage.output_tokens)


def tokens(usage: Usage, profile: Profile, host: Host) -> Amount:  # noqa: ARG001
    """Tokens read and written, as the provider counts them, or at most where it does not."""
    kind: Kind = "estimated" if usage.assumed else "measured"
    return Amount(usage.input_tokens + usage.output_tokens, kind)


def seconds(usage: Usage, profile: Profile, host: Host) -> Amount:  # noqa: ARG001
    """Wall time, measured."""
    return Amount(usage.seconds, "measured")


def joules(usage: Usage, profile: Profile, host: Host) -> Amount:
    """Active energy: by CPU time in this process, by tokens wherever this process cannot look.

    A model server on this host is metered no more than a remote one. Its tokens are taken for the CPU
    time that the profile says, or for the energy of a data centre's model without the overhead of its
    building.
    """
    if profile.runs == "in_process":
        return Amount(usage.cpu_seconds * host.joules_per_cpu_second, "modelled")
    if not _reached(usage):
        return Amount(0.0, "estimated")
    counted = usage.input_tokens, usage.output_tokens, usage.cached_tokens
    if profile.runs == "same_host" and (cpu := profile.cpu_seconds.of(*counted)):
        return Amount(cpu * host.joules_per_cpu_second, "estimated")
    overhead = profile.pue if profile.runs == "remote" else 1.0
    low, mid, high = (overhead * amount for amount in profile.joules.of(*counted))
    return Amount(mid, "estimated", mid - low, high - mid)


def gco2e(energy: Amount, profile: Profile, host: Host) -> Amount:
    """Carbon of an amount of energy, at the intensity of the grid where the model runs."""
    factor = grid(profile, host) / JOULES_PER_KWH
    return Amount(energy.value * factor, energy.kind, energy.below * factor, energy.above * factor)


def grid(profile: Profile, host: Host) -> float:
    """Return the carbon intensity in grams per kWh that applies to ``profile``."""
    return host.gco2e_per_kwh if profile.gco2e_per_kwh is None else profile.gco2e_per_kwh


_FUNCTIONS: dict[Dimension, Callable[[Usage, Profile, Host], Amount]] = {
    "usd": usd,
    "tokens": tokens,
    "seconds": seconds,
}
"""What does not follow the energy."""


def cost_of(usage: Usage, profile: Profile, host: Host, energy: Amount | None = None) -> Cost:
    """Return the cost of ``usage`` over all dimensions.

    Args:
        usage: What was consumed.
        profile: Where, and at what rates.
        host: Coefficients of this host.
        energy: Active joules where they are better known than from the usage; carbon follows them.
    """
    if energy is None:
        energy = joules(usage, profile, host)
    amounts = {dimension: function(usage, profile, host) for dimension, function in _FUNCTIONS.items()}
    amounts |= _energy(energy, profile, host)
    return _cost(amounts)


def overhead_of(energy: Amount, host: Host) -> Cost:
    """Return the cost of energy that no work of its own caused, on this host."""
    return _cost(_energy(energy, IN_PROCESS, host))


def _energy(energy: Amount, profile: Profile, host: Host) -> dict[Dimension, Amount]:
    """Return an amount of energy and its carbon, by dimension."""
    return {"joules": energy, "gco2e": gco2e(energy, profile, host)}


def _cost(amounts: Mapping[Dimension, Amount]) -> Cost:
    parts: dict[tuple[Dimension, Kind], float] = {}
    spread: dict[Dimension, tuple[float, float]] = {}
    for dimension, (value, kind, below, above) in amounts.items():
        if value:
            parts[dimension, kind] = value
        if below or above:
            spread[dimension] = below, above
    return Cost(parts, spread=spread)

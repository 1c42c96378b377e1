"""The charge of a call in every cost dimension, from its usage and its coefficients.

Money, tokens and joules have a function each, and seconds are measured. All other dimensions derive from one
of these by their row in :mod:`dynamicrag.cost.dimensions`. Joules of work in this process are metered and
split (see :mod:`dynamicrag.cost.attribution`); the function's figure is used until then.
"""

from typing import NamedTuple

from dynamicrag.cost.bounds import Bounds
from dynamicrag.cost.dimension_table import Coefficient
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.rates import IN_PROCESS, Host, Profile
from dynamicrag.cost.vector import UNKNOWN, Cost, Dimension, Kind
from dynamicrag.types import Usage


class Amount(NamedTuple):
    """A value with its provenance and its uncertainty below and above."""

    value: float
    kind: Kind
    below: float = 0.0
    above: float = 0.0


def usd(usage: Usage, profile: Profile) -> Amount:
    """Return the price of the tokens at the profile's rates, which are list prices.

    Without a known price the amount is a stand-in of kind ``unknown``.
    """
    amount = profile.usd.of(usage.input_tokens, usage.output_tokens, usage.cached_tokens)
    return Amount(amount, "estimated" if profile.priced else UNKNOWN)


def _reached(usage: Usage) -> bool:
    return bool(usage.input_tokens or usage.output_tokens)


def tokens(usage: Usage) -> Amount:
    """Return the tokens read and written as the provider counts them, or the worst case if it does not."""
    kind: Kind = "estimated" if usage.assumed else "measured"
    return Amount(usage.input_tokens + usage.output_tokens, kind)


def joules(usage: Usage, profile: Profile, host: Host) -> Amount:
    """Return the active energy: from CPU time in this process, from tokens everywhere else.

    It is the figure for a server on this host that is not metered, too: from the CPU time per token in its
    profile, or from the tokens as in a data centre, without PUE.
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


def bounds_of(coefficient: Coefficient, profile: Profile, host: Host) -> Bounds:
    """Return a coefficient's value: from the profile, else from the host, else its default."""
    key = coefficient.key
    return profile.coefficients.get(key) or host.coefficients.get(key) or coefficient.default


def cost_of(usage: Usage, profile: Profile, host: Host, energy: Amount | None = None) -> Cost:
    """Return the cost of ``usage`` over all dimensions.

    A call that used no tokens reached no model, and costs neither money nor tokens.

    Args:
        usage: The consumption of the call.
        profile: The model's rates and location.
        host: Coefficients of this host.
        energy: Active joules, if known better than from the usage.
    """
    amounts = {
        "joules": energy if energy is not None else joules(usage, profile, host),
        "seconds": Amount(usage.seconds, "measured"),
    }
    if _reached(usage):
        amounts["usd"], amounts["tokens"] = usd(usage, profile), tokens(usage)
    return _charged(amounts, profile, host)


def energy_of(energy: Amount, host: Host) -> Cost:
    """Return the cost of energy used on this host, in joules and derived dimensions."""
    return _charged({"joules": energy}, IN_PROCESS, host)


def _charged(amounts: dict[Dimension, Amount], profile: Profile, host: Host) -> Cost:
    """Return amounts as a cost, with the dimensions derived from them."""
    for row, coefficient in DIMENSIONS.derived:
        source = amounts.get(row.follows or "")
        if source is not None:
            amounts[row.name] = _following(source, bounds_of(coefficient, profile, host), coefficient.per)
    parts: dict[tuple[Dimension, Kind], float] = {}
    spread: dict[Dimension, tuple[float, float]] = {}
    for name, (value, kind, below, above) in amounts.items():
        if value:
            parts[name, kind] = value
        if below or above:
            spread[name] = below, above
    return Cost(parts, spread=spread)


def _following(source: Amount, rate: Bounds, per: float) -> Amount:
    """Return the amount derived from another; an uncertain coefficient makes it an estimate."""
    value, kind, below, above = source
    mid = rate.mid / per
    if rate.exact:
        return Amount(value * mid, kind, below * mid, above * mid)
    low, high = rate.low / per, rate.high / per
    # the lowest amount at the lowest rate, the highest at the highest
    return Amount(
        value * mid,
        kind if kind == UNKNOWN else "estimated",
        value * (mid - low) + below * low,
        value * (high - mid) + above * high,
    )

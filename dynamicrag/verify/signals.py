"""Checks the signals of a verifier against its declaration."""

from collections.abc import Mapping
from inspect import isawaitable
from typing import Any

from dynamicrag.borders import method_of, number
from dynamicrag.errors import PolicyError, VerifierError
from dynamicrag.plain_values import shown
from dynamicrag.verify.base import Evidence, Signal, Verifier

__all__ = ["check_gives", "signals_of"]

ROUNDING = 1e-6
"""Tolerance of a signal beyond its bounds, for rounding of a cosine of 1."""


def check_gives(verifier: Verifier, where: str) -> None:
    """Refuse a verifier that does not declare its signals.

    Raises:
        PolicyError: ``gives`` is not a tuple of signals, or is empty.
    """
    gives: Any = getattr(verifier, "gives", None)
    if not isinstance(gives, tuple | list) or not gives or not all(map(_is_signal, gives)):
        raise PolicyError(
            f"{where}: {type(verifier).__name__}.gives is {shown(gives)}; valid: the signals of "
            "verify(), the chief one first, such as gives = (Signal('tone', low=0, high=1),)"
        )


async def signals_of(verifier: Verifier, evidence: Evidence) -> dict[str, float]:
    """Return the checked signals of a verifier.

    Raises:
        VerifierError: A signal is not a number, is out of bounds or is not in ``gives``.
    """
    what = method_of("verifier", verifier, "verify()")
    asked: Any = verifier.verify(evidence)
    if not isawaitable(asked):
        raise VerifierError(f"{what} returned {shown(asked)} at once; write it with 'async def'")
    found: Any = await asked
    if not isinstance(found, Mapping):
        raise VerifierError(f"{what} returned {shown(found)}; valid: numbers by signal, {{}} for none")
    bounds = {signal.name: signal for signal in verifier.gives}
    for name in found:
        if name not in bounds:
            raise VerifierError(
                f"{what} returned {shown(name)}, which is not in its gives: {', '.join(bounds)}"
            )
    return {name: _bounded(value, bounds[name], what) for name, value in found.items()}


def _bounded(value: object, signal: Signal, what: str) -> float:
    try:
        found = number(value)
    except TypeError as error:
        raise VerifierError(f"{what} returned {signal.name}={shown(value)}: {error}") from None
    if not signal.low - ROUNDING <= found <= signal.high + ROUNDING:
        raise VerifierError(
            f"{what} returned {signal.name}={found:g}; valid: {signal.low:g} to "
            f"{signal.high:g}, as its gives says"
        )
    return min(max(found, signal.low), signal.high)


def _is_signal(given: object) -> bool:
    if not isinstance(given, Signal) or not isinstance(given.name, str) or not given.name:
        return False
    try:
        return number(given.low) < number(given.high)
    except TypeError:
        return False

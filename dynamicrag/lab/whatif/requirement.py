"""Requirements on a candidate, ``utility>=-0.01``, and whether the estimates show them."""

import re
from collections.abc import Iterable

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.errors import InputError, unknown
from dynamicrag.lab.whatif.results import Part, Requirement, Verdict

DEFAULT = "utility>=-0.01"
"""No worse than the logged policy by more than a hundredth of the quality range."""
_FORM = re.compile(r"\s*(\w+)\s*(>=|<=)\s*([-+]?[\d.eE+-]+)\s*")


def requirement(text: str, option: str = "--require") -> Requirement:
    """Return the requirement of ``OUTCOME>=BOUND`` or ``OUTCOME<=BOUND``.

    Raises:
        InputError: It has another form, or the outcome is unknown.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise InputError(f"{option} {text!r}: expected OUTCOME>=BOUND or OUTCOME<=BOUND, as in {DEFAULT!r}")
    name, sign, bound = match.groups()
    valid = ("quality", "utility", *DIMENSIONS)
    if name not in valid:
        raise InputError(unknown(option, "outcome", name, valid))
    try:
        return Requirement(name, sign, float(bound))
    except ValueError:
        raise InputError(f"{option} {text!r}: {bound!r} is no number") from None


def judged(requirements: Iterable[Requirement], part: Part) -> list[Verdict]:
    """Return whether a part's estimates show the requirements.

    A requirement is shown if the whole interval of the difference meets it.
    """
    return [Verdict(str(each), part.name, *_shown(each, part)) for each in requirements]


def _shown(wanted: Requirement, part: Part) -> tuple[bool | None, str]:
    found = part.outcomes.get(wanted.outcome)
    if found is None:
        return None, part.refused or f"the log has too few queries with a known {wanted.outcome}"
    own = found.difference
    shown = own.low >= wanted.bound if wanted.sign == ">=" else own.high <= wanted.bound
    return shown, f"difference {own.value:+.4g}, 95 % interval {own.low:+.4g} to {own.high:+.4g}"

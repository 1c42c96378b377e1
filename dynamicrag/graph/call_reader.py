"""Checks the options of a call against the policy that answers it."""

import math
import reprlib
from collections.abc import Iterable, Mapping
from typing import Any

from dynamicrag.call_options import CallOptions, Filter, Value
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.errors import InputError, unknown
from dynamicrag.policy.assembly import Pipeline

__all__ = ["CallReader", "check_amount", "is_number", "mapping"]

ENDS = ("accept", "abstain")
"""Verdicts that end a turn. The others lead to another draft, a limited number of times."""
LONGEST, MOST = 200, 50
"""Largest number of characters of a tag or a user, and of tags: they are stored with the query."""


class CallReader:
    """Checks the options of a call against a pipeline.

    Args:
        where: Place of the options, for messages.
        pipeline: The pipeline.
    """

    def __init__(self, where: str, pipeline: Pipeline) -> None:
        self._where = where
        self._pipeline = pipeline

    def read(self, given: Mapping[Any, Any]) -> CallOptions:
        """Return the options of a call, checked.

        Raises:
            InputError: An option is unknown or of the wrong type, or leaves no choice.
        """
        options = self._options(given.get("options"))
        closed = self._closed(given.get("closed"), options)
        return CallOptions(
            options=options,
            closed=closed,
            budget=self._budget(given.get("budget")),
            weights=self._weights(given.get("weights")),
            tags=tuple(_texts(given.get("tags"), f"{self._where}.tags")),
            user=_text("" if given.get("user") is None else given["user"], f"{self._where}.user"),
            filter=self._filter(given.get("filter")),
        )

    def _options(self, given: object) -> dict[str, str]:
        where = f"{self._where}.options"
        chosen = {}
        for stage, name in mapping(given, where, "of a stage to the option to take").items():
            self._check(stage, name, where)
            if stage == "verification" and name not in ENDS:
                raise InputError(
                    f"{where}.{stage}: {name!r} cannot be forced, because it leads to another draft; "
                    f"valid: {', '.join(self._ends())}"
                )
            chosen[stage] = name
        return chosen

    def _closed(self, given: object, forced: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        where = f"{self._where}.closed"
        closed = {}
        for stage, names in mapping(given, where, "of a stage to a list of options").items():
            listed = _listed(names, f"{where}.{stage}", "names of options")
            for name in listed:
                self._check(stage, name, where)
            if forced.get(stage) in listed:
                raise InputError(
                    f"{where}.{stage}: {forced[stage]!r} is forced by {self._where}.options; "
                    "remove it from one of them"
                )
            ends = self._ends() if stage == "verification" else self._names(stage)
            if set(ends) <= set(listed):
                raise InputError(f"{where}.{stage}: no option is left; allow one of {', '.join(ends)}")
            closed[stage] = tuple(listed)
        return closed

    def _check(self, stage: object, name: object, where: str) -> None:
        if stage not in self._pipeline.points:
            raise InputError(unknown(where, "stage", stage, self._pipeline.points))
        names = self._names(str(stage))
        if name not in names:
            raise InputError(unknown(f"{where}.{stage}", "option", name, names))

    def _names(self, stage: str) -> list[str]:
        return [option.name for option in self._pipeline.points[stage].options]

    def _ends(self) -> list[str]:
        return [name for name in self._names("verification") if name in ENDS]

    def _budget(self, given: object) -> dict[str, float]:
        where = f"{self._where}.budget"
        amounts = mapping(given, where, "of a dimension to a limit")
        limits = {dimension: check_amount(dimension, limit, where) for dimension, limit in amounts.items()}
        if "usd" in limits:
            for name, profile in self._pipeline.profiles.items():
                if not profile.priced:
                    raise InputError(
                        f"{where}.usd: no price is known of model {name!r}, so the limit cannot be enforced; "
                        f"set it in the policy: models.{name}.profile.usd: {{input: ..., output: ...}}"
                    )
        return limits

    def _weights(self, given: object) -> dict[str, float]:
        where = f"{self._where}.weights"
        weights = {}
        what = "of a dimension to the quality that one unit is worth"
        for dimension, weight in mapping(given, where, what).items():
            if dimension not in DIMENSIONS:
                raise InputError(unknown(where, "dimension", dimension, DIMENSIONS))
            if not is_number(weight) or weight < 0:
                raise InputError(
                    f"{where}.{dimension}: expected a number, 0 and more; got {reprlib.repr(weight)}"
                )
            weights[dimension] = float(weight)
        return weights

    def _filter(self, given: object) -> Filter:
        where = f"{self._where}.filter"
        wanted = {}
        for name, value in mapping(given, where, "of a metadata field to a value or a list").items():
            if not isinstance(name, str) or not name:
                raise InputError(f"{where}: expected names of metadata fields, got {reprlib.repr(name)}")
            values = value if isinstance(value, list | tuple | set | frozenset) else [value]
            if not values:
                raise InputError(f"{where}.{name}: an empty list matches no document; give a value")
            wanted[name] = tuple(_value(each, f"{where}.{name}") for each in values)
        return wanted


def is_number(given: object) -> bool:
    """Return whether a value is a finite number, and not a truth value."""
    try:
        return isinstance(given, int | float) and not isinstance(given, bool) and math.isfinite(given)
    except OverflowError:  # an integer of hundreds of digits
        return False


def check_amount(dimension: object, amount: Any, where: str) -> float:
    """Return a limit of a dimension, checked.

    Raises:
        InputError: The dimension is unknown, or the limit is not a number that leaves something.
    """
    if dimension not in DIMENSIONS:
        raise InputError(unknown(where, "dimension", dimension, DIMENSIONS))
    if not is_number(amount) or amount < 0 or (amount == 0 and dimension != "usd"):
        least = "0 and more" if dimension == "usd" else "more than 0"
        raise InputError(f"{where}.{dimension}: expected a number, {least}; got {reprlib.repr(amount)}")
    return float(amount)


def _value(given: object, where: str) -> Value:
    if not isinstance(given, str | int | float) or (isinstance(given, float) and not math.isfinite(given)):
        raise InputError(f"{where}: expected text, a number, true or false; got {reprlib.repr(given)}")
    return given


def mapping(given: object, where: str, what: str) -> Mapping[Any, Any]:
    """Return a mapping, an empty one for ``None``; anything else is an :class:`InputError`."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise InputError(f"{where}: expected a mapping {what}; got {reprlib.repr(given)}")
    return given


def _listed(given: object, where: str, what: str) -> list[Any]:
    if isinstance(given, str):
        return [given]
    if isinstance(given, Mapping | bytes) or not isinstance(given, Iterable):
        raise InputError(f"{where}: expected a list of {what}; got {reprlib.repr(given)}")
    return list(given)


def _texts(given: object, where: str) -> list[str]:
    listed = _listed(() if given is None else given, where, "tags")
    if len(listed) > MOST:
        raise InputError(f"{where}: {len(listed)} tags; valid: at most {MOST}")
    for text in listed:
        if not text:
            raise InputError(f"{where}: an empty tag; remove it")
    return list(dict.fromkeys(_text(text, where) for text in listed))


def _text(given: object, where: str) -> str:
    if not isinstance(given, str) or len(given) > LONGEST:
        raise InputError(
            f"{where}: expected a text of at most {LONGEST} characters; got {reprlib.repr(given)}"
        )
    return given

"""Limits on values in users' files, checked once, before any other code reads the values.

A file within these limits can be hashed, copied, written as JSON and stored in a database safely: it is
finite, its numbers fit into 64 bits, and its texts can be encoded.
"""

from collections.abc import Iterator, Mapping
from math import isfinite

MOST_VALUES = 20_000
"""Largest number of values in one file; a YAML alias counts with its whole content."""
MOST_DEPTH = 50
"""Deepest nesting of mappings and lists."""
MOST_NUMBER = 2**63 - 1
SHOWN = 60
"""Characters of a value shown in a message."""


def shown(value: object) -> str:
    """Return a value for a message: on one line, and shortened."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, or a list that contains itself
        return f"a {type(value).__name__} that is too large to show"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text):,} characters)"


def check_plain(value: object) -> None:
    """Refuse values that would break other code; objects of other kinds are ignored.

    Raises:
        ValueError: A value is invalid; the message names its place, for example ``models.small.params``.
    """
    stack: list[tuple[object, tuple[str, ...]]] = [(value, ())]
    count = 0
    while stack:
        item, place = stack.pop()
        count += 1
        if count > MOST_VALUES:
            raise ValueError(f"it holds more than {MOST_VALUES:,} values, the maximum")
        if len(place) > MOST_DEPTH:
            raise ValueError(
                f"{'.'.join(place[:3])}…: lists and mappings are more than {MOST_DEPTH} deep in each other"
            )
        fault = _fault(item)
        if fault:
            raise ValueError(f"{'.'.join(place) or 'top level'}: {fault}")
        stack += _parts(item, place)


def _parts(item: object, place: tuple[str, ...]) -> Iterator[tuple[object, tuple[str, ...]]]:
    if isinstance(item, Mapping):
        for key, value in item.items():
            fault = _fault(key)
            if fault or not isinstance(key, str | int) or isinstance(key, bool):
                said = fault or f"the key {shown(key)} is not a text; put it in quotes"
                raise ValueError(f"{'.'.join(place) or 'top level'}: {said}")
            yield value, (*place, str(key))
    elif isinstance(item, list | tuple):
        for number, value in enumerate(item):
            yield value, (*place, str(number))


def _fault(item: object) -> str | None:
    """Return the fault of a single value, or ``None``."""
    if isinstance(item, str):
        return text_fault(item)
    if isinstance(item, int) and abs(item) > MOST_NUMBER:
        return "a whole number beyond 64 bits; valid: -2^63 to 2^63 - 1"
    if isinstance(item, float) and not isfinite(item):
        return f"{item} is not a finite number; remove the entry if there is no limit"
    return None


def text_fault(text: str) -> str | None:
    """Return the fault that prevents storing or sending a text, or ``None``."""
    if "\0" in text:
        return f"the text {shown(text)} has a NUL character; remove it"
    if any("\ud800" <= character <= "\udfff" for character in text):
        return f"the text {shown(text)} has an unpaired surrogate; remove it"
    return None

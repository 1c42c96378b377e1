"""Limits on what users' files may hold, checked once, before anything else reads the values.

A file that keeps to them can be hashed, copied, written as JSON and put into a database without a
thought: it ends, its numbers fit into 64 bits, and its texts can be encoded.
"""

from collections.abc import Iterator, Mapping
from math import isfinite

MOST_VALUES = 20_000
"""Values in one file; an alias of YAML counts with all that it stands for."""
MOST_DEPTH = 50
"""Mappings and lists within each other."""
MOST_NUMBER = 2**63 - 1
SHOWN = 60
"""Characters of a value that a message repeats."""


def shown(value: object) -> str:
    """Return a value for a message: on one line, and cut where it is long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, or a list that holds itself
        return f"a {type(value).__name__} that is too large to show"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text):,} characters)"


def check_plain(value: object) -> None:
    """Refuse values that other code would stumble over; objects of other kinds are left alone.

    Raises:
        ValueError: It names the place, such as ``models.small.params``, and what is valid there.
    """
    stack: list[tuple[object, tuple[str, ...]]] = [(value, ())]
    count = 0
    while stack:
        item, place = stack.pop()
        count += 1
        if count > MOST_VALUES:
            raise ValueError(f"it holds more than {MOST_VALUES:,} values, which is the most that is read")
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
                said = fault or f"the key {shown(key)} is no text; put it in quotes"
                raise ValueError(f"{'.'.join(place) or 'top level'}: {said}")
            yield value, (*place, str(key))
    elif isinstance(item, list | tuple):
        for number, value in enumerate(item):
            yield value, (*place, str(number))


def _fault(item: object) -> str | None:
    """Return what is wrong with one value, looked at alone."""
    if isinstance(item, str):
        return text_fault(item)
    if isinstance(item, int) and abs(item) > MOST_NUMBER:
        return "a whole number beyond 64 bits; valid: -2^63 to 2^63 - 1"
    if isinstance(item, float) and not isfinite(item):
        return f"{item} is not a finite number; leave the entry out where there is no limit"
    return None


def text_fault(text: str) -> str | None:
    """Return what keeps a text from being stored or sent; ``None`` where nothing does."""
    if "\0" in text:
        return f"the text {shown(text)} holds a NUL character; take it out"
    if any("\ud800" <= character <= "\udfff" for character in text):
        return f"the text {shown(text)} holds half of a surrogate pair; take it out"
    return None

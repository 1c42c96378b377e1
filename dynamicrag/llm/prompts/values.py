"""Parses dates and numbers in short English texts."""

import re

__all__ = ["value"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE = re.compile(
    rf"(?:(?P<before>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?)?(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?,?\s+"
    r"(?:(?P<after>\d{1,2})(?:st|nd|rd|th)?,?\s+)?(?P<year>\d{3,4})\b",
    re.IGNORECASE,
)
_ISO = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)\b")
_YEAR = re.compile(r"\b[12]\d{3}\b(?![,.]\d)")
_NUMBER = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s*(thousand|million|billion|)\s*([^\W\d]*)", re.IGNORECASE)
_SCALE = {"": 1.0, "thousand": 1e3, "million": 1e6, "billion": 1e9}


def value(text: str) -> tuple[tuple[float, ...], str] | None:
    """Return the last date in a text, or else its first number with the unit.

    Returns:
        ``(year, month, day)``, as far as given, without a unit; or ``(number,)`` and the word after it, in
        lower case. With equal units, tuples compare like the values. ``None`` if there is neither.
    """
    if dates := list(_DATE.finditer(text)):
        date = dates[-1]
        month = _MONTHS.index(date["month"].lower()) + 1
        day = date["before"] or date["after"]
        return (float(date["year"]), float(month), *([float(day)] if day else [])), ""
    if iso := _ISO.findall(text):
        return tuple(map(float, iso[-1])), ""
    if years := _YEAR.findall(text):
        return (float(years[-1]),), ""
    if number := _NUMBER.search(text):
        amount, scale, unit = number.groups()
        return (float(amount.replace(",", "")) * _SCALE[scale.lower()],), unit.lower()
    return None

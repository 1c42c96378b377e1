"""Normalises texts for matching; users and models see the original letters."""

import re
import unicodedata

_MARKS = (  # accents, Hebrew points, Arabic vowel signs and tatweel: optional in texts
    r"\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640"
    r"\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u08d3-\u08ff"
    r"\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
_INVISIBLE = (  # soft hyphens, zero-width marks, directions, variation selectors
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff"
)
_DROPPED = re.compile(f"[{_MARKS}{_INVISIBLE}]+")
_ALIKE = str.maketrans(
    {
        **dict.fromkeys("’‘‛ʼ", "'"), **dict.fromkeys("‐‑", "-"),
        "ı": "i", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L",
        "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE",
        "ٱ": "ا", "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه",
    }
)  # fmt: skip
_HALF = re.compile(r"[\ud800-\udfff]")
_OTHER_DIGIT = re.compile(r"[^\D0-9]")
DIVISION = "\u2027"
"""Marks a line break within a word."""
_DIVIDED = re.compile(r"(?<=\w)-[^\S\n]*\n\s*(?=\w)")


def plain(text: str) -> str:
    """Return ``text`` with one form for every letter and digit, its case kept.

    Compatibility forms (NFKC: ligatures, full width), composed and decomposed letters, accents, invisible
    characters, Arabic vowel signs and variants of alef and yeh, and the digits of other scripts become one. A
    word divided at the end of a line is joined, with a mark, because its hyphen may belong to it.

    Letters that differ only by an accent ("schon" and "schön") become equal, as do the Turkish dotted and
    dotless i.
    """
    if not text.isascii():
        text = _DROPPED.sub("", unicodedata.normalize("NFKD", text))
        text = unicodedata.normalize("NFKC", text).translate(_ALIKE)
        text = _OTHER_DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), text)
    return _DIVIDED.sub(DIVISION, text) if "\n" in text else text


def folded(text: str) -> str:
    """Return a plain text without case; "ß" becomes "ss"."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text.casefold())


def encodable(text: str) -> str:
    """Return ``text`` without unpaired surrogates, which no tokenizer or file accepts."""
    return _HALF.sub("\ufffd", text)


def normalise(text: str) -> str:
    """Return ``text`` normalised for matching: as :func:`plain`, in lower case."""
    return folded(plain(text))

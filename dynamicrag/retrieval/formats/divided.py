"""Joins words divided at line ends, as in printed pages.

A page alone does not distinguish a divided word (``regu-`` / ``lations``) from a compound at the end of a
line (``well-`` / ``known``). The rest of the document often does: the parts are joined unless it has the
compound within a line, or both parts as separate words but not the joined word.
"""

import re

from dynamicrag.text.words import STOP_WORDS

_DIVIDED = re.compile(r"(?<![^\W\d_])([^\W\d_]{2,40}+)(?:\u00ad|[-\u2010])[ \t]*+\n[ \t]*+([^\W\d_]{2,40}+)")
_SOFT = re.compile(r"\u00ad[ \t]*+\n?[ \t]*+")
_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*+")
_PREFIXES = frozenset({"self", "well", "quasi"})
_SUFFIXES = frozenset(
    {"able", "age", "full", "hood", "less", "like", "ling", "ness", "ring", "ship", "ward", "wise"}
)
"""Words that are more often the end of a word."""
_AND = frozenset({"and", "or", "to", "und", "oder", "bis", "sowie", "et", "ou", "y", "o", "en", "of", "och"})
"""Words after a hyphen that replaces an omitted part: "Ein- und Ausgabe", "pre- and post-war"."""


def join_divided(text: str) -> str:
    """Join the words of ``text`` divided at line ends, and remove soft hyphens."""
    if not _DIVIDED.search(text) and "\u00ad" not in text:
        return text
    words = {word.lower().replace("\u2010", "-") for word in _WORD.findall(_DIVIDED.sub(" ", text))}

    def joined(found: re.Match[str]) -> str:
        first, second = found[1], found[2]
        if second in _AND:
            return f"{first}- {second}"
        if not second[0].islower():
            return f"{first}-{second}"
        return first + second if _is_one(first.lower(), second, words) else f"{first}-{second}"

    return _SOFT.sub("", _DIVIDED.sub(joined, text))


def _is_one(first: str, second: str, words: set[str]) -> bool:
    if first + second in words:
        return True
    if f"{first}-{second}" in words or first in _PREFIXES:
        return False
    apart = len(first) > 3 and first in words and second in words and STOP_WORDS.isdisjoint((first, second))
    return not apart or second in _SUFFIXES

"""Finds the documents named in a text, by their titles."""

from collections.abc import Iterable

from dynamicrag.text.normal import folded
from dynamicrag.text.words import stop_words, words, written

LONGEST = 8
"""Longest searched title in words."""
SHARED = 5
"""Largest number of documents with the same title; "Introduction" names none of its many."""


class TitleIndex:
    """Documents by title, as other texts mention them.

    Brackets at a title's end only distinguish it ("Mercury (planet)"), and are not searched for. A title of
    one word is a mention only if written with a capital, unless the title has none itself or its script has
    none.
    """

    def __init__(self, documents: Iterable[tuple[str, str]]) -> None:
        named: dict[tuple[str, ...], list[str]] = {}
        self._lower: set[str] = set()
        for document, title in documents:
            spelled = _unqualified(title)
            own = tuple(words(spelled))
            if 0 < len(own) <= LONGEST and not stop_words(own).issuperset(own):
                named.setdefault(own, []).append(document)
                if len(own) == 1 and not _has_capital(spelled):
                    self._lower.add(own[0])
        self._named = {own: ids for own, ids in named.items() if len(ids) <= SHARED}

    def mentioned(self, text: str) -> list[str]:
        """Return the ids of the documents that ``text`` names, in its order, each once.

        If titles overlap, the longest title that begins first counts.
        """
        spelled = written(text)
        own = list(map(folded, spelled))
        found: dict[str, None] = {}
        place = 0
        while place < len(own):
            step = 1
            for length in range(min(LONGEST, len(own) - place), 0, -1):
                ids = self._named.get(tuple(own[place : place + length]))
                if ids and (length > 1 or self._is_name(spelled[place], own[place])):
                    found |= dict.fromkeys(ids)
                    step = length
                    break
            place += step
        return list(found)

    def _is_name(self, spelled: str, word: str) -> bool:
        if len(word) <= 3 and (word.isascii() or spelled != spelled.swapcase()):
            return False  # in scripts with cases, two or three letters may be any word
        return _has_capital(spelled[0]) or word in self._lower


def _unqualified(title: str) -> str:
    """Return a title without brackets at its end."""
    whole = title.strip()
    opens = whole.rfind("(")
    ends = opens >= 0 and whole.endswith(")") and whole.find(")", opens) == len(whole) - 1
    return whole[:opens] if ends else whole


def _has_capital(text: str) -> bool:
    return text != text.lower()

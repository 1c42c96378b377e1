"""Which documents a text names, by their titles."""

import re
from collections.abc import Iterable

from dynamicrag.text import STOP_WORDS

LONGEST = 8
"""Words in the longest title that is looked for."""
SHARED = 5
"""Most documents that a title may belong to; "Introduction" names none of its many."""

_WORD = re.compile(r"\w+")
_QUALIFIER = re.compile(r"\s*\([^()]*\)\s*$")


class TitleIndex:
    """Documents by title, as other texts mention them.

    What stands in brackets at a title's end only tells it from others ("Mercury (planet)"), and is not
    looked for. A title of one word is a mention only where it is written with a capital.

    Args:
        documents: Id and title of every document.
    """

    def __init__(self, documents: Iterable[tuple[str, str]]) -> None:
        named: dict[tuple[str, ...], list[str]] = {}
        for document, title in documents:
            words = tuple(_WORD.findall(_QUALIFIER.sub("", title).lower()))
            if 0 < len(words) <= LONGEST and not all(word in STOP_WORDS for word in words):
                named.setdefault(words, []).append(document)
        self._named = {words: ids for words, ids in named.items() if len(ids) <= SHARED}

    def mentioned(self, text: str) -> list[str]:
        """Return the ids of the documents that ``text`` names, in its order, each once.

        Where titles overlap, the longest one that begins first counts.
        """
        written = _WORD.findall(text)
        words = [word.lower() for word in written]
        found: dict[str, None] = {}
        place = 0
        while place < len(words):
            step = 1
            for length in range(min(LONGEST, len(words) - place), 0, -1):
                ids = self._named.get(tuple(words[place : place + length]))
                if ids and (length > 1 or (written[place][0].isupper() and len(words[place]) > 3)):
                    found |= dict.fromkeys(ids)
                    step = length
                    break
            place += step
        return list(found)

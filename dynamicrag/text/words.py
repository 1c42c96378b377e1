"""Words of a text: one tokenisation for the index, questions, features and verifiers.

All functions work on :func:`dynamicrag.text.normal.normalise`.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from dynamicrag.text.languages import (
    FUNCTION_CHARACTERS,
    FUNCTION_SYLLABLES,
    FUNCTION_WORDS,
    OTHER_ALPHABETS,
    by_function_words,
    script,
)
from dynamicrag.text.normal import normalise, plain
from dynamicrag.text.scripts import HAN, HIRAGANA, KATAKANA, LETTERS, PIECE, UNSPACED, groups

_WORD = re.compile(rf"[{LETTERS}]+(?:[.,]\d+)*")
STOP_WORDS = FUNCTION_WORDS["en"]


def words(text: str) -> list[str]:
    """Return the normalised words of ``text``, numbers with their decimals kept whole."""
    return list(_words(text))


@lru_cache(maxsize=16)  # a question's words are asked for by several features in a row
def _words(text: str) -> tuple[str, ...]:
    normal = normalise(text)
    found = _WORD.findall(normal)
    if normal.isascii() or not UNSPACED.search(normal):
        return tuple(found)
    return tuple(piece for word in found for piece in _cut(word))


def written(text: str) -> list[str]:
    """Return the words of ``text`` as :func:`words`, in their original case."""
    return [piece for word in _WORD.findall(plain(text)) for piece in _cut(word)]


def content_words(text: str) -> list[str]:
    """Return the words that are not function words of the text's language."""
    found = words(text)
    return [word for word, tells in zip(found, content_flags(found), strict=True) if tells]


def languages(text: str, least: int = 2) -> frozenset[str]:
    """Return the possible languages of a text, by its script and its function words.

    Several similar languages may match, for example Italian and Portuguese; none if the text does not tell.
    In Latin script at least ``least`` function words identify a language.
    """
    own = script(text)
    if own == "latin":
        return by_function_words(words(text), least)
    if own == "zh" and not is_function_group(text):  # a few characters, which may also be Japanese
        return frozenset({"zh", "ja"})
    return frozenset({own} - {""})


def singular(word: str) -> str:
    """Return an English word, in lower case, without the ending of a plural.

    Source of the stemmer: Harman, "How effective is suffixing?", JASIS 42(1), 1991.
    """
    if len(word) < 4 or not word.endswith("s"):
        return word
    if word.endswith("ies") and word[-4] not in "ea":
        return word[:-3] + "y"
    if word.endswith("es") and word[-3] not in "aeo":
        return word[:-1]
    return word[:-1] if word[-2] not in "us" else word


def _cut(word: str) -> Iterator[str]:
    """Yield a word, or its groups of letters in a script without spaces."""
    if word.isascii() or not UNSPACED.search(word):
        yield word
        return
    for run in PIECE.finditer(word):
        if run.lastgroup == "other":
            yield run[0].strip(".,")
        else:
            yield from groups(run[0], 2 if run.lastgroup == "paired" else 3)


def is_function_group(group: str) -> bool:
    """Return whether a group of letters is grammar rather than content."""
    return group in FUNCTION_SYLLABLES or not FUNCTION_CHARACTERS.isdisjoint(group)


def content_flags(found: list[str]) -> list[bool]:
    """Return for each word whether it is a content word.

    Hiragana writes endings and particles if other characters carry the content.
    """
    stop = stop_words(found)
    tells = [word not in stop and not is_function_group(word) for word in found]
    if any(
        own and (HAN.search(word) or KATAKANA.search(word)) for own, word in zip(tells, found, strict=True)
    ):
        tells = [own and not HIRAGANA.fullmatch(word) for own, word in zip(tells, found, strict=True)]
    return tells


def stop_words(found: Iterable[str]) -> frozenset[str]:
    """Return the function words of the words' language; English if they do not tell."""
    own = by_function_words(found, least=2) or ("en",)
    return OTHER_ALPHABETS.union(*(FUNCTION_WORDS[name] for name in own))

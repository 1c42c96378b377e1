"""Words, terms and sentences: one tokenisation for the index, questions, features and verifiers.

All functions work on :func:`dynamicrag.normal.normalise`. Scripts without spaces between words are cut into
overlapping groups of letters, as in Lucene's CJKAnalyzer: two letters of Chinese, Japanese and Korean, three
of Thai, Lao, Khmer and Burmese. This needs no dictionary, and so finds words that a dictionary lacks.
"""

import re
import string
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from dynamicrag.languages import (
    FUNCTION_CHARACTERS,
    FUNCTION_SYLLABLES,
    FUNCTION_WORDS,
    OTHER_ALPHABETS,
    by_function_words,
    script,
)
from dynamicrag.normal import DIVISION, folded, normalise, plain

_PAIRED = r"\u3005-\u3007\u3031-\u3035\u3041-\u3096\u309d-\u30fa\u30fc-\u312f\u3400-\u4dbf\u4e00-\u9fff" \
    r"\uac00-\ud7a3\U00020000-\U0003ffff"  # fmt: skip
_TRIPLED = r"\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ecd\u0edc-\u0edf\u1000-\u103f\u1050-\u108f\u1780-\u17d3"
_JOINED = r"\w\u0711\u0730-\u074a\u07a6-\u07b0\u0900-\u0963\u0971-\u0df3\u0f18-\u0f39\u0f3e-\u0fbc"
_LETTERS = f"{_JOINED}{_TRIPLED}"  # with the marks that Python does not count as word characters
_WORD = re.compile(rf"[{_LETTERS}]+(?:[.,]\d+)*")
_COMPOUND = re.compile(
    rf"[{_LETTERS}]+(?:(?:[-'.&{DIVISION}]|(?<=\d)[,:](?=\d))[{_LETTERS}]+)*(?:(?:\+\+|#)(?![{_LETTERS}]))?"
)
_UNSPACED = re.compile(f"[{_PAIRED}{_TRIPLED}]")
_PIECE = re.compile(f"(?P<paired>[{_PAIRED}]+)|(?P<tripled>[{_TRIPLED}]+)|(?P<other>[^{_PAIRED}{_TRIPLED}]+)")
_BREAKS = f"-'.,:&_{DIVISION}"
_BREAK = re.compile(f"[{_BREAKS}]+")
_HUMP = re.compile(r"([a-z]{3})(?=[A-Z][a-z]{2})")
_LETTERS_AND_DIGITS = re.compile(r"(?=.*\d)[a-z\d]+")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_HIRAGANA = re.compile(r"[\u3041-\u309f\u30fc]+")
_KATAKANA = re.compile(r"[\u30a1-\u30fa]")
_HAN_LETTERS = r"\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
_HAN = re.compile(f"[{_HAN_LETTERS}]")
_STEM = re.compile(f"(?<![{_HAN_LETTERS}])[{_HAN_LETTERS}](?![{_HAN_LETTERS}])")
_LONGEST = 64
"""Longest word in letters; longer strings are data."""
_LONGEST_HYPHENATED = 12
"""Longest hyphenated word in letters that is also searched as one word: few people join longer ones."""
_MOST_PARTS = 4
"""Largest number of parts of a compound that is also searched as one word."""

_ARTICLES = re.compile(r"\b(a|an|the)\b")
# not after an initial or a title before a name
_END = re.compile(
    r"(?<!\b[A-Z]\.)(?<!\b[DMS][rt]\.)(?<!\bMrs\.)(?<=[.!?؟۔।॥።])\s+|(?<=[。！？｡．])(?![\d。！？])|(?<=[។။])|\n+"
)
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_SIGN = re.compile(r"[^\w\s]")

STOP_WORDS = FUNCTION_WORDS["en"]


class Unit(NamedTuple):
    """A unit of meaning in a text, and the ways in which another text may express it.

    Attributes:
        whole: A word, or one letter of a script without spaces.
        ways: Groups of terms; a text with all terms of one group expresses the same.
    """

    whole: str
    ways: tuple[tuple[str, ...], ...]

    def within(self, terms: set[str]) -> bool:
        """Return whether a text with these ``terms`` expresses the unit."""
        return any(terms.issuperset(way) for way in self.ways)

    @property
    def is_number(self) -> bool:
        """Whether it has only digits."""
        return self.whole.isdigit()


class _Compound(NamedTuple):
    parts: tuple[str, ...]
    whole: str
    strict: bool
    """Whether the parts alone mean something else, as for a number."""


class _Run(NamedTuple):
    letters: str
    size: int
    """Letters of a group."""


def words(text: str) -> list[str]:
    """Return the normalised words of ``text``, numbers with their decimals kept whole."""
    return list(_words(text))


@lru_cache(maxsize=16)  # a question's words are asked for by several features in a row
def _words(text: str) -> tuple[str, ...]:
    normal = normalise(text)
    found = _WORD.findall(normal)
    if normal.isascii() or not _UNSPACED.search(normal):
        return tuple(found)
    return tuple(piece for word in found for piece in _cut(word))


def written(text: str) -> list[str]:
    """Return the words of ``text`` as :func:`words`, in their original case."""
    return [piece for word in _WORD.findall(plain(text)) for piece in _cut(word)]


def content_words(text: str) -> list[str]:
    """Return the words that are not function words of the text's language."""
    found = words(text)
    return [word for word, tells in zip(found, _telling(found), strict=True) if tells]


def terms(text: str, *, every: bool = False) -> list[str]:
    """Return the index terms of a text: its words, and each compound both in parts and as one word.

    "e-mail" gives "e", "mail" and "email", "maxTokens" and "max_tokens" give "max", "tokens" and "maxtokens",
    "XR-7" gives "xr", "7" and "xr7", "1,450" gives "1", "450" and "1450", "C++" gives "c" and "c++".

    Args:
        text: A document or a question.
        every: Also give all shorter groups of letters of scripts without spaces, so that questions of one
            letter find them: for documents.
    """
    found: list[str] = []
    for unit in _scan(text):
        if isinstance(unit, str):
            found.append(unit)
            continue
        if isinstance(unit, _Compound):
            found += unit.parts
            if unit.whole and unit.whole not in unit.parts:
                found.append(unit.whole)
            continue
        run, size = unit
        groups = [group for group in _groups(run, size) if not _serves(group)]
        shorter = range(1, size) if every and len(run) >= size else ()
        groups += [group for n in shorter for group in _groups(run, n) if not _serves(group)]
        if size == 2 and len(run) > 1 and not every:
            groups += [letter for letter in run if _HAN.match(letter) and not _serves(letter)]
        found += groups
    return found


def units(text: str) -> list[Unit]:
    """Return the units of a text, without function words, for searching them in another text.

    A letter of a script without spaces matches if any group around it occurs, so that groups across the
    border of two words are not missed.
    """
    found: list[tuple[str, Unit]] = []
    for unit in _scan(text):
        if isinstance(unit, str):
            found.append((unit, Unit(unit, ((unit,),))))
            continue
        if isinstance(unit, _Compound):
            whole = ((unit.whole,),) if unit.whole else ()
            parts = () if whole and (unit.strict or unit.parts in whole) else (unit.parts,)
            name = unit.whole or " ".join(unit.parts)
            found.append((name, Unit(name, whole + parts)))
            continue
        run, size = unit
        ways = [None if _serves(group) else (group,) for group in _groups(run, size)]
        for place, letter in enumerate(run):
            around = tuple(filter(None, ways[max(0, place - size + 1) : place + 1]))
            if letter not in FUNCTION_CHARACTERS and (around or _HAN.match(letter)):
                found.append((letter, Unit(letter, around or ((letter,),))))
    tells = _telling([word for word, _ in found])
    return [unit for (_, unit), own in zip(found, tells, strict=True) if own]


def stems(text: str) -> set[str]:
    """Return the Chinese characters that stand alone like words: "青" in "青い", none in "青色"."""
    return {match[0] for match in _STEM.finditer(plain(text))}


def languages(text: str, least: int = 2) -> frozenset[str]:
    """Return the possible languages of a text, by its script and its function words.

    Several similar languages may match, for example Italian and Portuguese; none if the text does not tell.

    Args:
        text: Any text.
        least: Minimum number of function words that identify a language in Latin script.
    """
    own = script(text)
    if own == "latin":
        return by_function_words(words(text), least)
    if own == "zh" and not _serves(text):  # a few characters, which may also be Japanese
        return frozenset({"zh", "ja"})
    return frozenset({own} - {""})


def unspaced(text: str) -> int:
    """Return the number of letters of ``text`` in scripts without spaces between words."""
    return sum(map(len, _UNSPACED.findall(text)))


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


def sentences(text: str) -> list[str]:
    """Return the sentences and lines of ``text``, without the white space between them."""
    return [piece.strip() for piece in _END.split(text) if piece.strip()]


def plain_answer(text: str) -> str:
    """Return an answer normalised as in SQuAD's evaluation (Rajpurkar et al., 2016).

    Lower case, no punctuation, no English articles, single spaces. Letters of scripts without spaces are
    separated, so that they are compared one by one, as is usual for them.
    """
    given = unicodedata.normalize("NFKC", text).lower().translate(_PUNCTUATION)
    if _UNSPACED.search(given):
        given = _SIGN.sub(" ", _UNSPACED.sub(r" \g<0> ", given))
    return " ".join(_ARTICLES.sub(" ", given).split())


def _scan(text: str) -> Iterator[str | _Compound | _Run]:
    """Yield words, compounds, and runs of letters in scripts without spaces."""
    given = folded(_HUMP.sub(r"\1_", plain(text)))
    spaced = given.isascii() or not _UNSPACED.search(given)
    for found in _COMPOUND.findall(given):
        if spaced:
            yield found[:_LONGEST] if found.isalpha() else _compound(found)
            continue
        for run in _PIECE.finditer(found):
            if run.lastgroup != "other":
                yield _Run(run[0], 2 if run.lastgroup == "paired" else 3)
            elif run[0].strip(_BREAKS):
                yield _compound(run[0])


def _compound(written: str) -> _Compound | str:
    bare = written.rstrip("+#")
    pieces = [piece[:_LONGEST] for piece in _BREAK.split(bare) if piece]
    if not pieces:  # only underscores
        return bare[:_LONGEST]
    if _NUMBER.fullmatch(bare):
        return _Compound(tuple(pieces), "".join(pieces)[:_LONGEST], strict=True)
    short = len(pieces) > 1 and len(pieces[-1]) < 3 and bare.endswith("'" + pieces[-1])
    whole = "".join(pieces[:-1] if short else pieces) + written[len(bare) :]
    parts = tuple(part for piece in pieces for part in _letters_and_digits(piece))
    if len(parts) > _MOST_PARTS or len(whole) > (_LONGEST_HYPHENATED if "-" in bare else _LONGEST):
        whole = ""
    return _Compound(parts, whole, strict=len(bare) < len(written))


def _letters_and_digits(piece: str) -> list[str]:
    """Cut "xr7" and "400km", but not "1990s" and "2nd", which would leave single letters."""
    if piece.isalpha() or piece.isdigit() or not _LETTERS_AND_DIGITS.fullmatch(piece):
        return [piece]
    runs = re.findall(r"\d+|[a-z]+", piece)
    return runs if all(run.isdigit() or len(run) > 1 for run in runs) else [piece]


def _cut(word: str) -> Iterator[str]:
    """Yield a word, or its groups of letters in a script without spaces."""
    if word.isascii() or not _UNSPACED.search(word):
        yield word
        return
    for run in _PIECE.finditer(word):
        if run.lastgroup == "other":
            yield run[0].strip(".,")
        else:
            yield from _groups(run[0], 2 if run.lastgroup == "paired" else 3)


def _groups(run: str, size: int) -> list[str]:
    return [run[i : i + size] for i in range(max(1, len(run) - size + 1))]


def _serves(group: str) -> bool:
    return group in FUNCTION_SYLLABLES or not FUNCTION_CHARACTERS.isdisjoint(group)


def _telling(found: list[str]) -> list[bool]:
    """Return for each word whether it is a content word.

    Hiragana writes endings and particles if other characters carry the content.
    """
    stop = stop_words(found)
    tells = [word not in stop and not _serves(word) for word in found]
    if any(
        own and (_HAN.search(word) or _KATAKANA.search(word)) for own, word in zip(tells, found, strict=True)
    ):
        tells = [own and not _HIRAGANA.fullmatch(word) for own, word in zip(tells, found, strict=True)]
    return tells


def stop_words(found: Iterable[str]) -> frozenset[str]:
    """Return the function words of the words' language; English if they do not tell."""
    own = by_function_words(found, least=2) or ("en",)
    return OTHER_ALPHABETS.union(*(FUNCTION_WORDS[name] for name in own))

"""Words, terms and sentences: one way to cut a text for the index, questions, features and verifiers.

All of them work on :func:`dynamicrag.normal.normalise`. Scripts that write no spaces between words are cut
into overlapping groups of letters, as Lucene's CJKAnalyzer does: two letters of Chinese, Japanese and Korean,
three of Thai, Lao, Khmer and Burmese. This needs no dictionary, and misses no word that one would lack.
"""

import re
import string
import unicodedata
from collections.abc import Iterable, Iterator
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
_LETTERS = f"{_JOINED}{_TRIPLED}"  # with the marks that Python takes for no part of a word
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
"""Letters of a word that count; what is longer is data."""
_LONGEST_HYPHENATED = 12
"""Letters of the longest word with hyphens that is one word too: few people join longer ones."""
_MOST_PARTS = 4
"""Parts of a compound that is also looked for as one word."""

_ARTICLES = re.compile(r"\b(a|an|the)\b")
# not after an initial or a title before a name
_END = re.compile(
    r"(?<!\b[A-Z]\.)(?<!\b[DMS][rt]\.)(?<!\bMrs\.)(?<=[.!?؟۔।॥።])\s+|(?<=[。！？｡．])(?![\d。！？])|(?<=[។။])|\n+"
)
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_SIGN = re.compile(r"[^\w\s]")

STOP_WORDS = FUNCTION_WORDS["en"]


class Unit(NamedTuple):
    """Something that a text says, and the ways in which another text may say it too.

    Attributes:
        whole: A word, or one letter of a script without spaces.
        ways: Groups of terms; a text that has all terms of one group says the same.
    """

    whole: str
    ways: tuple[tuple[str, ...], ...]

    def within(self, terms: set[str]) -> bool:
        """Return whether a text with these ``terms`` says it."""
        return any(terms.issuperset(way) for way in self.ways)

    @property
    def is_number(self) -> bool:
        """Whether it is written in digits alone."""
        return self.whole.isdigit()


class _Compound(NamedTuple):
    parts: tuple[str, ...]
    whole: str
    strict: bool
    """Whether the parts alone say something else, as those of a number do."""


class _Run(NamedTuple):
    letters: str
    size: int
    """Letters of a group."""


def words(text: str) -> list[str]:
    """Return the normalised words of ``text``, numbers with their decimals kept whole."""
    normal = normalise(text)
    found = _WORD.findall(normal)
    if normal.isascii() or not _UNSPACED.search(normal):
        return found
    return [piece for word in found for piece in _cut(word)]


def written(text: str) -> list[str]:
    """Return the words of ``text`` as :func:`words` cuts them, in the case that they are written in."""
    return [piece for word in _WORD.findall(plain(text)) for piece in _cut(word)]


def content_words(text: str) -> list[str]:
    """Return the words that are not mere function words of the text's language."""
    found = words(text)
    return [word for word, tells in zip(found, _telling(found), strict=True) if tells]


def terms(text: str, *, every: bool = False) -> list[str]:
    """Return what a text is found by: its words, and each compound both in its parts and as one word.

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
    """Return what a text says, without function words: what another text is searched for.

    A letter of a script without spaces is there where a group around it occurs: groups across the border of
    two words are not missed.
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
    """Return the Chinese characters that stand alone as words do: "青" of "青い", and none of "青色"."""
    return {match[0] for match in _STEM.finditer(plain(text))}


def languages(text: str, least: int = 2) -> frozenset[str]:
    """Return the language of a text, by its script and its function words.

    Several that are alike may be meant, such as Italian and Portuguese; none where the text does not tell.

    Args:
        text: Any text.
        least: Fewest function words that tell a language of the Latin script.
    """
    own = script(text)
    if own == "latin":
        return by_function_words(words(text), least)
    if own == "zh" and not _serves(text):  # a few characters, which may be Japanese as well
        return frozenset({"zh", "ja"})
    return frozenset({own} - {""})


def unspaced(text: str) -> int:
    """Return how many letters of ``text`` are of scripts that write no spaces between words."""
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
    """Return an answer as SQuAD's evaluation compares it (Rajpurkar et al., 2016).

    Lower case, no punctuation, no English articles, single spaces. Letters of scripts without spaces stand
    alone, so that they are compared one by one, as is usual for them.
    """
    given = unicodedata.normalize("NFKC", text).lower().translate(_PUNCTUATION)
    if _UNSPACED.search(given):
        given = _SIGN.sub(" ", _UNSPACED.sub(r" \g<0> ", given))
    return " ".join(_ARTICLES.sub(" ", given).split())


def _scan(text: str) -> Iterator[str | _Compound | _Run]:
    """Give words, compounds, and runs of letters in scripts without spaces."""
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
    if not pieces:  # underscores alone
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
    """Cut "xr7" and "400km", but not "1990s" and "2nd", of which a single letter would be left."""
    if piece.isalpha() or piece.isdigit() or not _LETTERS_AND_DIGITS.fullmatch(piece):
        return [piece]
    runs = re.findall(r"\d+|[a-z]+", piece)
    return runs if all(run.isdigit() or len(run) > 1 for run in runs) else [piece]


def _cut(word: str) -> Iterator[str]:
    """Give a word, or the groups of letters of one in a script without spaces."""
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
    """Say of each word whether it is more than a function word.

    Hiragana writes endings and particles where there are other characters for what is spoken of.
    """
    stop = stop_words(found)
    tells = [word not in stop and not _serves(word) for word in found]
    if any(
        own and (_HAN.search(word) or _KATAKANA.search(word)) for own, word in zip(tells, found, strict=True)
    ):
        tells = [own and not _HIRAGANA.fullmatch(word) for own, word in zip(tells, found, strict=True)]
    return tells


def stop_words(found: Iterable[str]) -> frozenset[str]:
    """Return the function words of the language that some words are of; English where they do not tell."""
    own = by_function_words(found, least=2) or ("en",)
    return OTHER_ALPHABETS.union(*(FUNCTION_WORDS[name] for name in own))

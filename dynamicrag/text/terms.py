"""Terms of the index and of questions, and units of meaning that are searched in other texts."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from dynamicrag.text.languages import FUNCTION_CHARACTERS
from dynamicrag.text.normal import DIVISION, folded, plain
from dynamicrag.text.scripts import HAN, LETTERS, PIECE, UNSPACED, groups
from dynamicrag.text.words import content_flags, is_function_group

_COMPOUND = re.compile(
    rf"[{LETTERS}]+(?:(?:[-'.&{DIVISION}]|(?<=\d)[,:](?=\d))[{LETTERS}]+)*(?:(?:\+\+|#)(?![{LETTERS}]))?"
)
_BREAKS = f"-'.,:&_{DIVISION}"
_BREAK = re.compile(f"[{_BREAKS}]+")
_HUMP = re.compile(r"([a-z]{3})(?=[A-Z][a-z]{2})")
_LETTERS_AND_DIGITS = re.compile(r"(?=.*\d)[a-z\d]+")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_LONGEST = 64
"""Longest word in letters; longer strings are data."""
_LONGEST_HYPHENATED = 12
"""Longest hyphenated word in letters that is also searched as one word: few people join longer ones."""
_MOST_PARTS = 4
"""Largest number of parts of a compound that is also searched as one word."""


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


def terms(text: str, *, every: bool = False) -> list[str]:
    """Return the index terms of a text: its words, and each compound both in parts and as one word.

    "e-mail" gives "e", "mail" and "email", "maxTokens" and "max_tokens" give "max", "tokens" and "maxtokens",
    "XR-7" gives "xr", "7" and "xr7", "1,450" gives "1", "450" and "1450", "C++" gives "c" and "c++".

    ``every`` is for documents: all shorter groups of letters of scripts without spaces are terms too, so that
    questions of one letter find them.
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
        own = [group for group in groups(run, size) if not is_function_group(group)]
        shorter = range(1, size) if every and len(run) >= size else ()
        own += [group for n in shorter for group in groups(run, n) if not is_function_group(group)]
        if size == 2 and len(run) > 1 and not every:
            own += [letter for letter in run if HAN.match(letter) and not is_function_group(letter)]
        found += own
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
        ways = [None if is_function_group(group) else (group,) for group in groups(run, size)]
        for place, letter in enumerate(run):
            around = tuple(filter(None, ways[max(0, place - size + 1) : place + 1]))
            if letter not in FUNCTION_CHARACTERS and (around or HAN.match(letter)):
                found.append((letter, Unit(letter, around or ((letter,),))))
    tells = content_flags([word for word, _ in found])
    return [unit for (_, unit), own in zip(found, tells, strict=True) if own]


def _scan(text: str) -> Iterator[str | _Compound | _Run]:
    """Yield words, compounds, and runs of letters in scripts without spaces."""
    given = folded(_HUMP.sub(r"\1_", plain(text)))
    spaced = given.isascii() or not UNSPACED.search(given)
    for found in _COMPOUND.findall(given):
        if spaced:
            yield found[:_LONGEST] if found.isalpha() else _compound(found)
            continue
        for run in PIECE.finditer(found):
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

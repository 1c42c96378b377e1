"""Detects turns that are only a sum: "12 * 9", "what is seven plus fifteen?", "20 % von 50".

Numbers, operators and frames ("what is …") of one language must cover the whole turn; a unit or any other
word left over makes it a question. Dates, hours and scores ("9/11", "24/7", "2024-05-01") are not sums.
No model; linear time.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache

from dynamicrag.features.sum_words import IDIOMS, SUM_WORDS
from dynamicrag.features.talk import tokens, without_faces

LONGEST = 120
"""Longest sum in characters."""
DAYS = 31
"""Largest number in a date such as "9/11"."""

_SIGNS = str.maketrans("×✕✖·⋅∙÷−–—[]{}٪٫٬", "******/---()()%.,")
_RAISED = re.compile("[⁰¹²³⁴-⁹]+")
_FRACTION = re.compile(r"(?<![\d⁄])\d+⁄\d+")
_TIMES = re.compile(r"(?<=\d)(\s*)x(\s*)(?=\d)")
_TOKEN = re.compile(
    r"(\d{1,3}(?:[ ,.'’]\d{3})+(?!\d)|\d+(?:[.,]\d+)?|[.,]\d+)"  # a number
    r"|(\*\*|[-+*/^()%=√∛])"  # a sign
    r"|([^\W\d_]+(?:['’\u0300-\u036f\u0900-\u097f]+[^\W\d_]*)*)"  # a word
    r"|([\s?!.,;¿¡…。？！，、؟،؛।'\"`:]+)"  # a gap
    r"|(.)"
)
_CHUNK = re.compile(r"[^\d+*^%√()=]*(\d+)([-/])(\d+)((?:[-/]\d+)*)[^\d+*^%√()=]*")
_NAME = re.compile(r"\d{3,}x\d{3,}|\d-[^\W\d]|[^\W\d]-\d")  # a screen's size; "7-Eleven", "covid-19"

_STEPS: Mapping[tuple[str, str], tuple[str, int]] = {
    # state and class of a phrase: the state after it, and whether it makes a sum
    ("start", "frame"): ("start", 0), ("start", "number"): ("number", 0), ("start", "word"): ("word", 0),
    ("start", "before"): ("operand", 1), ("start", "minus"): ("operand", 0), ("start", "pair"): ("pair", 0),
    ("start", "("): ("operand", 0),
    ("operand", "number"): ("number", 0), ("operand", "word"): ("word", 0),
    ("operand", "before"): ("operand", 1), ("operand", "minus"): ("operand", 0),
    ("operand", "("): ("operand", 0),
    ("number", "word"): ("word", 0), ("word", "word"): ("word", 0),
    ("word", "join"): ("join", 0), ("join", "word"): ("word", 0),
    ("pair", "number"): ("first", 0), ("pair", "word"): ("first", 0), ("first", "word"): ("first", 0),
    ("first", "link"): ("second", 0), ("second", "number"): ("number", 1), ("second", "word"): ("word", 1),
    ("link", "number"): ("linked", 0), ("link", "word"): ("linked", 0), ("linked", "word"): ("linked", 0),
    ("linked", "tail"): ("end", 1),
    ("end", "frame"): ("end", 0), ("end", "="): ("end", 0), ("end", "number"): ("end", 0),
    ("end", "word"): ("end", 0),
} | {
    (state, kind): step
    for state in ("number", "word")
    for kind, step in {
        "after": (state, 1), "percent": (state, 0), "between": ("operand", 1), "minus": ("operand", 1),
        "weak": ("operand", 1), ")": (state, 0), "frame": ("end", 0), "=": ("end", 0), "link": ("link", 0),
    }.items()
}  # fmt: skip
_ENDS = frozenset({"number", "word", "end"})
_BY_SIGN = {"+": ("between",), "*": ("between",), "**": ("between",), "/": ("between",), "^": ("between",),
            "-": ("minus",), "%": ("percent",), "=": ("=",), "(": ("(",), ")": (")",), "√": ("before",),
            "∛": ("before",)}  # fmt: skip
_SILENT = frozenset({"So", "Sk", "Cf", "Mn"})
"""Categories of characters without meaning: pictures, variants, marks without width."""
_CLASSES = ("frame", "between", "weak", "minus", "before", "after", "pair", "link", "join", "tail")


@dataclass(slots=True)
class _Language:
    """The sum words of one language: classes by phrase, the longest phrase, and the number words."""

    classes: dict[tuple[str, ...], set[str]] = field(default_factory=dict)
    longest: int = 1
    numbers: re.Pattern[str] = re.compile("")


@lru_cache(maxsize=256)  # called by every stage of a turn
def is_sum(text: str) -> bool:
    """Return whether a turn is only a sum, perhaps with a frame such as "what is … ?"."""
    if len(text) > LONGEST:
        return False
    plain = _plain(without_faces(text))
    if _NAME.search(plain):
        return False
    found: list[str] = []
    signs = ""
    for number, sign, word, gap, other in _TOKEN.findall(_TIMES.sub(r"\1*\2", plain)):
        if (other and unicodedata.category(other) not in _SILENT) or other == "°":
            return False
        if not gap and not other:
            signs += number or sign or word
            found += ["0"] if number else [sign] if sign else tokens(word)
    if signs.replace("*", "x").replace("=", "") in IDIOMS:
        return False
    return any(_reads(found, language, plain) for language in _languages().values())


def _plain(text: str) -> str:
    """Return ``text`` with raised digits as powers, fractions as numbers, and one sign per operator."""
    raised = _RAISED.sub(lambda found: "^" + unicodedata.normalize("NFKC", found[0]), text)
    plain = unicodedata.normalize("NFKC", raised.translate(_SIGNS)).translate(_SIGNS).casefold()
    digits = "".join(str(unicodedata.digit(char)) if char.isdigit() else char for char in plain)
    return _FRACTION.sub("1%", digits)  # a share of something, like a percentage


def _reads(found: Sequence[str], language: _Language, plain: str) -> bool:
    """Return whether ``found`` is a sum in one language."""
    # by prefix: the state, whether it is a sum, framed or weak so far, and the depth of brackets
    reached: list[set[tuple[str, bool, bool, bool, int]]] = [set() for _ in range(len(found) + 1)]
    reached[0].add(("start", False, False, False, 0))
    for start, states in enumerate(reached[:-1]):
        if not states:
            continue
        for end in range(start + 1, min(start + language.longest, len(found)) + 1):
            for kind in _classes(tuple(found[start:end]), language):
                for state, summed, framed, weak, depth in states:
                    step = _STEPS.get((state, kind))
                    deeper = depth + (kind == "(") - (kind == ")")
                    if step and deeper >= 0:
                        is_framed = framed or kind in ("frame", "pair", "=")
                        after = (step[0], summed or step[1] > 0, is_framed, weak or kind == "weak", deeper)
                        reached[end].add(after)
    return any(
        state in _ENDS and summed and depth == 0 and (framed or not weak) and not _names(plain, framed)
        for state, summed, framed, weak, depth in reached[-1]
    )


def _classes(phrase: tuple[str, ...], language: _Language) -> set[str]:
    known = language.classes.get(phrase, set())
    if len(phrase) > 1:
        return known
    word = phrase[0]
    if word == "0":
        return {"number"}
    return known | set(_BY_SIGN.get(word, ())) | ({"word"} if language.numbers.fullmatch(word) else set())


def _names(plain: str, framed: bool) -> bool:
    """Return whether ``a/b`` or ``a-b`` is a date, hours, a range or a score rather than a sum."""
    spaced = re.sub(r"(?<=\d)\s*([-/])\s*(?=\d)", r"\1", plain)
    chunk = _CHUNK.fullmatch(spaced)
    if chunk is None:
        return False
    a, b = int(chunk[1]), int(chunk[3])
    if chunk[4] or any(len(part) > 1 and part[0] == "0" for part in (chunk[1], chunk[3])):
        return spaced == plain  # several without a blank: a date or an order number
    divides = b > 0 and a % b == 0
    if chunk[2] == "/":
        return spaced == plain and not (a > DAYS and (framed or divides)) and not (framed and divides)
    if spaced != plain:
        return not framed and a < b  # "10 - 12" is a range, "12 - 9" is not
    return not framed or a < b or (a >= 1000 and b < 100)


@cache
def _languages() -> Mapping[str, _Language]:
    """Read the words of every language, on first use."""
    languages: dict[str, _Language] = {}
    for name, words in SUM_WORDS.items():
        own = languages[name] = _Language()
        for kind in _CLASSES:
            for phrase in words.get(kind, "").split(","):
                _add(own, tokens(phrase), kind)
        for word in words.get("of", "").split(","):
            _add(own, ("%", *tokens(word)), "between")
        pieces = sorted(
            ("".join(tokens(word)) for word in words["numbers"].split(",")), key=len, reverse=True
        )
        joins = filter(None, ("".join(tokens(word)) for word in words.get("join", "").split(",")))
        number, join = f"(?:{'|'.join(pieces)})", "|".join(joins)
        own.numbers = re.compile(f"{number}(?:{f'(?:{join})?' if join else ''}{number})*+")
    return languages


def _add(language: _Language, phrase: tuple[str, ...], kind: str) -> None:
    if phrase:
        phrase = tuple("0" if token.isdigit() else token for token in phrase)
        language.classes.setdefault(phrase, set()).add(kind)
        language.longest = max(language.longest, len(phrase))

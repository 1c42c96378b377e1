"""Facts of a passage: a sentence, and an answer in it that a question can ask for.

Answers are chosen before questions are written, by their form (dates, times, amounts, names). So every answer
is short and stands in the passage, independent of the model (Lewis et al., "PAQ: 65
Million Probably-Asked Questions", TACL 2021, who pick answers first too).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dynamicrag.records import Passage
from dynamicrag.text.sentences import plain_answer
from dynamicrag.text.words import STOP_WORDS

FEWEST, MOST = 6, 45
"""Number of words of a usable sentence."""
SHORTEST_NAME = 4
"""Letters of a name that is one word."""
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip

_SENTENCE = re.compile(r"(?<=[.!?])[\"”’)]*\s+(?=[\"“(]?[^\W\d_a-z]|\d)")
_MARKS = re.compile(r"[*_`]+|^\s*(?:[-+•]|\d+\.)\s+")
_MONTH = f"(?:{'|'.join(MONTHS)})"
_DATE = re.compile(
    rf"\b(?:\d{{1,2}} {_MONTH}(?: \d{{4}})?|{_MONTH} \d{{1,2}}(?:, \d{{4}})?|{_MONTH} \d{{4}})\b"
)
_TIME = re.compile(r"\b\d{1,2}:\d{2}\b")
_YEAR = re.compile(r"\b(?:1\d|20)\d\d\b")
_SPAN = re.compile(r"\b\d+ hours? \d+ minutes\b")
_AMOUNT = re.compile(r"[$€£]?\b\d+(?:[.,]\d+)*\b(?:\s?%|\s+(?:million|billion))?(?:\s+([^\W\d_A-Z]{3,}))?")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TOKEN = re.compile(r"\S+")
_EDGES = "\"“”'’().,;:!?[]–—-"
_LINKS = frozenset({"of", "de", "von", "van", "du", "da", "del", "&"})


@dataclass(frozen=True, slots=True, eq=False)
class Fact:
    """A statement of a passage.

    Attributes:
        passage: The passage.
        context: The sentence, and the one before it.
        answer: The answer, as it stands in the sentence.
        named: Whether the answer is a name.
    """

    passage: Passage
    context: str
    answer: str
    named: bool


def facts_of(passage: Passage) -> Iterator[Fact]:
    """Yield the facts of a passage in order, without answers that its title gives."""
    title = f" {plain_answer(passage['title'])} "
    before = ""
    for sentence in sentences(passage["text"]):
        context = f"{before} {sentence}".strip()
        for answer, named in answers_in(sentence):
            if f" {plain_answer(answer)} " not in title:
                yield Fact(passage, context, answer, named)
        before = sentence


def sentences(text: str) -> Iterator[str]:
    """Yield the whole sentences of a text without emphasis marks; skip headings and tables."""
    for paragraph in re.split(r"\n\s*\n|\n(?=\s*[-+•*|#]\s)", text):
        if paragraph.lstrip().startswith(("#", "|")):
            continue
        plain = " ".join(_MARKS.sub("", line) for line in paragraph.split("\n"))
        for sentence in _SENTENCE.split(" ".join(plain.split())):
            whole = sentence[:1].isupper() or sentence[:1].isdigit() or sentence[:1] in '"“('
            whole = whole and sentence.rstrip('"”’)').endswith((".", "!", "?"))
            if whole and FEWEST <= len(sentence.split()) <= MOST:
                yield sentence


def answers_in(sentence: str) -> list[tuple[str, bool]]:
    """Return the possible answers in a sentence, and whether each is a name."""
    found: list[tuple[int, int, bool]] = []

    def add(start: int, end: int, named: bool = False) -> None:
        if all(end <= begin or start >= stop for begin, stop, _ in found):
            found.append((start, end, named))

    for pattern in (_DATE, _TIME, _SPAN, _YEAR):
        for match in pattern.finditer(sentence):
            add(*match.span())
    for match in _AMOUNT.finditer(sentence):
        unit = match[1]
        add(match.start(), match.end() if unit and unit not in STOP_WORDS else match.start(1) - 1
            if unit else match.end())  # fmt: skip
    for start, end in _names(sentence):
        add(start, end, named=True)
    return list({sentence[start:end].strip(): named for start, end, named in sorted(found)}.items())


def _names(sentence: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of capitalised words; a single word must not be the first of the sentence."""
    run: list[tuple[int, int]] = []
    for match in [*_TOKEN.finditer(sentence), None]:
        word = match[0].strip(_EDGES) if match else ""
        capital = word[:1].isupper() and not (match and match.start() == 0 and word.lower() in STOP_WORDS)
        capital = capital and word not in (*MONTHS, *_DAYS)
        opens = bool(match) and match[0][0] in _EDGES  # type: ignore[index]
        linked = word in _LINKS or (word == "the" and sentence[slice(*run[-1])] == "of") if run else False
        if run and (not (capital or linked) or opens):
            yield from _whole(sentence, run)
            run = []
        if match and (capital or linked):
            start = match.start() + match[0].find(word)
            run.append((start, start + len(word)))
            if match.end() > start + len(word):  # a comma ends the name
                yield from _whole(sentence, run)
                run = []


def _whole(sentence: str, run: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    while sentence[slice(*run[-1])] in (*_LINKS, "the"):
        run = run[:-1]
    start, end = run[0][0], run[-1][1]
    end -= 2 * sentence[start:end].endswith(("'s", "’s"))
    if len(run) > 1 or (start > 1 and end - start >= SHORTEST_NAME):
        yield start, end

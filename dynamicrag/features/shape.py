"""The shape of a request: its length, its signs, and what kind of work it asks for."""

import math
import re
from collections.abc import Sequence
from itertools import islice

from dynamicrag.text import STOP_WORDS

_OPTION = re.compile(r"(?m)^\s*(?:\(([A-J])\)|([A-J])[.):])\s*\S")
_SENTENCE = re.compile(r"[.!?](?:\s|$)")
_SIGNS = {
    "digit": re.compile(r"\d"),
    "upper": re.compile(r"[A-Z]"),
    "mark": re.compile(r"[^\w\s]"),
    "code": re.compile(r"[{}<>=_;#`|\\[\]]"),
    "foreign": re.compile(r"[^\x00-\x7f]"),
}
_CUES = {
    "list": r"list|steps?|ways|tips|ideas|suggestions|recommendations?|reasons|examples?|benefits|advantages"
    r"|disadvantages|pros|cons|differences|strategies|methods|types|kinds|best|should|advice|guide"
    r"|how (?:to|can|do)",
    "write": r"write|compose|draft|story|poem|essay|letter|email|blog|article|script|dialogue|song|imagine"
    r"|pretend|act as|rewrite|summari[sz]e|translate|describe",
    "code": r"code|python|java|javascript|function|sql|html|css|program|algorithm|compile|array|class"
    r"|bash|regex|api|implement|script",
    "sums": r"how many|how much|calculate|compute|solve|sum|total|average|percent|equation|integral"
    r"|probability|prove|proof|derivative|ratio|each|per",
    "explain": r"explain|why|what (?:is|are)|compare|analy[sz]e|discuss|evaluate|understand|meaning"
    r"|difference",
    "choose": r"which of the following|choose|correct answer|options|select|true or false|best answer",
    "order": r"if|then|therefore|all|every|some|not|none|only|unless|left|right|first|second|before|after",
    "self": r"i|my|me|i'm|we|our",
}
_CUE = {name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for name, words in _CUES.items()}

NAMES: Sequence[str] = (
    "log_words", "log_characters", "word_length", "longest_word", "lines", "line_length", "sentences",
    "options", "option_length", "answer_wanted", "question_marks", "stop_words", "distinct",
    *(f"{name}_share" for name in _SIGNS),
    *(f"asks_to_{name}" for name in _CUES),
)  # fmt: skip


def shape(text: str, tokens: Sequence[str]) -> list[float]:
    """Return the features that :data:`NAMES` names, in that order.

    Counts are logarithms, ``ln(1 + count)``: what tells 10 words from 20 also tells 100 from 200.

    Args:
        text: The request.
        tokens: Its words, in lower case.
    """
    count, length = max(len(tokens), 1), max(len(text), 1)
    lines = text.splitlines() or [""]
    choices = list(_OPTION.finditer(text))
    return [
        math.log1p(len(tokens)),
        math.log1p(len(text)),
        sum(map(len, tokens)) / count,
        math.log1p(max(map(len, tokens), default=0)),
        math.log1p(len(lines)),
        math.log1p(length / len(lines)),
        math.log1p(len(_SENTENCE.findall(text))),
        float(len(choices)),
        math.log1p((length - choices[0].start()) / len(choices)) if choices else 0.0,
        float(text.rstrip().endswith((":", "_"))),
        math.log1p(text.count("?")),
        sum(token in STOP_WORDS for token in tokens) / count,
        len(set(islice(tokens, 200))) / min(count, 200),
        *(len(sign.findall(text)) / length for sign in _SIGNS.values()),
        *(math.log1p(len(cue.findall(text))) for cue in _CUE.values()),
    ]

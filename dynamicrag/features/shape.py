"""The shape of a request: its length, its signs, and the kind of work requested."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice, pairwise

from dynamicrag.text.words import STOP_WORDS

_OPTION = re.compile(r"(?m)^[^\S\n]*(?:\(([A-J])\)|([A-J])[.):])\s*\S")
_SENTENCE = re.compile(r"[.!?](?:\s|$)")
_NAME = re.compile(r"(?<=[\w,'’] )[A-Z]\w+(?: [A-Z]\w+)*")
_SIGNS = {
    "digit": re.compile(r"\d"),
    "upper": re.compile(r"[A-Z]"),
    "mark": re.compile(r"[^\w\s]"),
    "code": re.compile(r"[{}<>=_;#`|\\[\]]"),
    "foreign": re.compile(r"[^\x00-\x7f]"),
}
_CUES = {
    "list": "list|step|steps|ways|tips|ideas|suggestions|recommendations|recommend|reasons|example|examples"
    "|benefits|advantages|disadvantages|pros|cons|differences|strategies|methods|types|kinds|things",
    "advise": "should|advice|guide|how to|how do|how can|best|better|avoid|improve|help|prepare|deal with",
    "write": "write|compose|draft|story|poem|essay|letter|email|blog|article|dialogue|song|imagine|pretend"
    "|act as|character|scene|prompt|fictional",
    "change": "rewrite|summarize|summarise|translate|paragraph|sentence|following text|extract|passage"
    "|rephrase",
    "code": "code|python|java|javascript|function|sql|html|css|program|algorithm|compile|array|class|bash"
    "|api|regex|implement|script|string|file|error|server|install|command|linux|windows|database",
    "sums": "how many|how much|calculate|compute|solve|sum|total|average|percent|equation|integral"
    "|probability|prove|proof|derivative|ratio|each|per|every|times|twice|half|remaining|cost|costs",
    "explain": "explain|why|what is|what are|compare|analyze|analyse|discuss|evaluate|understand|meaning"
    "|difference|describe",
    "choose": "the following|correct|options|select|true or|best answer|statement|statements",
    "deny": "not|no|never|none|nor|except|without|cannot|false|incorrect|neither|least",
    "order": "if|then|therefore|all|some|only|unless|left|right|first|second|before|after|implies",
    "kin": "father|mother|spouse|wife|husband|son|daughter|director|performer|composer|birthplace|born|died"
    "|death|founder|owner|author|who is|where was",
    "self": "i|my|me|we|our",
    "you": "you|your",
}
_CUE_OF = {
    cue: [number for number, own in enumerate(_CUES.values()) if cue in own.split("|")]
    for cue in "|".join(_CUES.values()).split("|")
}

NAMES: Sequence[str] = (
    "log_words", "log_characters", "word_length", "longest_word", "lines", "line_length", "sentences",
    "sentence_length", "options", "option_length", "answer_wanted", "question_marks", "ends_asking",
    "starts_low", "blanks", "quotes", "commas", "named", "code_block", "stop_words", "distinct",
    *(f"{name}_share" for name in _SIGNS),
    *(f"asks_to_{name}" for name in _CUES),
)  # fmt: skip


def shape(text: str, tokens: Sequence[str]) -> list[float]:
    """Return the features of :data:`NAMES`, in that order.

    Counts are logarithms, ``ln(1 + count)``: the step from 10 to 20 words equals that from 100 to 200.
    """
    count, length = max(len(tokens), 1), max(len(text), 1)
    lines = text.splitlines() or [""]
    choices = list(_OPTION.finditer(text))
    ended = text.rstrip()
    sentences = len(_SENTENCE.findall(text))
    return [
        math.log1p(len(tokens)),
        math.log1p(len(text)),
        sum(map(len, tokens)) / count,
        math.log1p(max(map(len, tokens), default=0)),
        math.log1p(len(lines)),
        math.log1p(length / len(lines)),
        math.log1p(sentences),
        math.log1p(count / max(sentences, 1)),
        float(len(choices)),
        math.log1p((length - choices[0].start()) / len(choices)) if choices else 0.0,
        float(ended.endswith((":", "_"))),
        math.log1p(text.count("?")),
        float(ended.endswith("?")),
        float(text[:1].islower()),
        math.log1p(text.count("__") + text.count(" _ ")),
        math.log1p(text.count('"') + text.count("“")),
        math.log1p(text.count(",")),
        math.log1p(len(_NAME.findall(text))),
        float("```" in text),
        sum(token in STOP_WORDS for token in tokens) / count,
        len(set(islice(tokens, 200))) / min(count, 200),
        *(len(sign.findall(text)) / length for sign in _SIGNS.values()),
        *_cues(tokens),
    ]


def _cues(tokens: Sequence[str]) -> list[float]:
    counts = [0] * len(_CUES)
    found = Counter(tokens)
    found.update(f"{one} {two}" for one, two in pairwise(tokens))
    for cue in found.keys() & _CUE_OF.keys():
        for number in _CUE_OF[cue]:
            counts[number] += found[cue]
    return [math.log1p(number) for number in counts]

"""Lexical features of a question; microseconds, no model."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Self

import numpy as np

from dynamicrag.features.base import FEATURES, Features, Seen
from dynamicrag.features.opening import NAMES as OPENING
from dynamicrag.features.opening import opening
from dynamicrag.features.shape import NAMES as SHAPE
from dynamicrag.features.shape import shape
from dynamicrag.features.sums import is_sum
from dynamicrag.features.talk import about_conversation, small_talk
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.state import State
from dynamicrag.text.words import STOP_WORDS, content_words, words

_COMPARISON = re.compile(
    r"\b(both|same|older|younger|oldest|earlier|later|first|longer|shorter|taller|higher|larger|bigger|smaller|"
    r"more|less|fewer|or|between|compared?|difference)\b",
    re.IGNORECASE,
)
_RANK = re.compile(
    r"\b(first|earlier|earliest|later|latest|sooner|older|oldest|younger|youngest|newer|newest|recent|recently)\b",
    re.IGNORECASE,
)
_WHICH = re.compile(r"\b(?:which|who)\b", re.IGNORECASE)
_OR = re.compile(r"\bor\b", re.IGNORECASE)
_OR_NAME = re.compile(r"\bor (?:the )?[\W_]?[A-Z\d]")
_SAME = re.compile(r"\bsame (?:country|nationality|city|state|year)\b", re.IGNORECASE)
_BRIDGE = re.compile(
    r"\b(whose|that|which|who|where)\b|'s\b|’s\b|\bof (the|a)\b|\b(named|called) (after|by)\b", re.IGNORECASE
)
_FOLLOW_UP = re.compile(
    r"\b(it|its|they|them|their|he|him|his|she|her|that one|this one|there|those|these)\b", re.I
)
Own = tuple[Sequence[float], Sequence[str]]
"""The parts of a text independent of the training queries: features and content words."""
_KINDS = ("who", "what", "when", "where", "which", "how", "why")


def lexical(question: str) -> dict[str, float]:
    """Return the lexical features of a question.

    Returns:
        ``words``, ``content_words``, ``names`` (capitalised words after the first), ``numbers``, ``greeting``
        (only small talk), ``sum`` (only a sum), ``about_conversation`` (asks to repeat, shorten, translate or
        recall earlier messages), ``comparison``, ``ranks`` (ranks several things, for example by age, or
        compares their country or year), ``bridges`` (relative clauses, possessives and "of the" after the
        first word: signs of a question in several hops), ``follow_up`` (pronouns), ``question`` and one
        ``asks_*`` flag per question word.
    """
    return dict(_lexical(question))


def own_names() -> tuple[str, ...]:
    """Return the names of :func:`own_features`, in order."""
    return (*lexical(""), *OPENING, *SHAPE)


def own_features(question: str) -> Sequence[float]:
    """Return the features that need no training queries: :func:`lexical`, opening and shape."""
    return _own(question)[0]


@lru_cache(maxsize=256)  # called by every stage of a turn
def _lexical(question: str) -> dict[str, float]:
    tokens = words(question)
    rest = "".join(question.split(maxsplit=1)[1:])  # empty without a blank, as in "2+2"
    features = {
        "words": float(len(tokens)),
        "content_words": float(len(content_words(question))),
        "names": float(len(re.findall(r"\b[A-Z]\w+", rest))),
        "numbers": float(sum(token[0].isdigit() for token in tokens)),
        "greeting": float(small_talk(question)),
        "sum": float(is_sum(question)),
        "about_conversation": float(about_conversation(question)),
        "comparison": float(bool(_COMPARISON.search(rest))),
        "ranks": float(_ranks(question)),
        "bridges": float(len(_BRIDGE.findall(rest))),
        "follow_up": float(bool(_FOLLOW_UP.search(question))),
        "question": float("?" in question or (bool(tokens) and tokens[0] in _KINDS)),
    }
    features |= {f"asks_{kind}": float(kind in tokens) for kind in _KINDS}
    return features


def _ranks(question: str) -> bool:
    if _SAME.search(question):
        return True
    which = _WHICH.search(question)
    either = _OR_NAME.search(question) or (which and _OR.search(question, which.end()))
    return bool(either and _RANK.search(question))


@FEATURES.register("lexical")
class LexicalFeatures(Features):
    """Length, signs, question type and rarity of the words; tens of microseconds a question, no model.

    The signs of a hard question in Adaptive-RAG (Jeong et al. 2024) and HybridLLM (Ding et al. 2024) are
    mostly of this kind, and prompt length alone is a baseline that learnt routers often fail to beat. Rarity
    is the inverse document frequency among the training queries: a model is less likely to know a rare topic.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.counts: dict[str, int] = {}

    @property
    def names(self) -> Sequence[str]:
        """A name per feature, in order."""
        return (*own_names(), "rarity_mean", "rarity_max", "rarity_spread", "unseen_share")

    def fit(self, queries: Sequence[Seen]) -> Self:
        """Count the queries with each word; a word of a single query counts as unseen."""
        self.fit_transform(queries)
        return self

    def fit_transform(self, queries: Sequence[Seen]) -> Floats:
        """Count the words, and return the queries' features, (n, d); every text is read once."""
        read = [_own(query.text) for query in queries]
        counts = Counter(word for _, content in read for word in set(content))
        self.rows = len(queries)
        self.counts = {word: count for word, count in sorted(counts.items()) if count > 1}
        return self._table(read)

    def transform(self, queries: Sequence[Seen]) -> Floats:
        """Return the features of queries, (n, d)."""
        return self._table([_own(query.text) for query in queries])

    def _table(self, read: Sequence[Own]) -> Floats:
        return np.array([self._row(*own) for own in read]).reshape(len(read), len(self.names))

    def _row(self, own: Sequence[float], content: Sequence[str]) -> list[float]:
        counts = [self.counts.get(token, 1) for token in content]
        rarity = [math.log((self.rows + 1) / count) for count in counts]
        mean = sum(rarity) / len(rarity)
        spread = math.sqrt(sum((value - mean) ** 2 for value in rarity) / len(rarity))
        unseen = counts.count(1) / len(counts)
        return [*own, mean, max(rarity), spread, unseen]

    def pack(self) -> State:
        """Return the fitted state."""
        return State({"rows": self.rows, "counts": self.counts})

    def unpack(self, state: State) -> None:
        """Restore the state from :meth:`pack`."""
        self.rows = int(state.meta["rows"])
        self.counts = {str(word): int(count) for word, count in state.meta["counts"].items()}


@lru_cache(maxsize=4096)  # called once per fold of a cross-validation
def _own(text: str) -> Own:
    """Return the parts independent of the training queries."""
    tokens = words(text)
    content = tuple(token for token in tokens if token not in STOP_WORDS) or ("",)
    return (*_lexical(text).values(), *opening(text), *shape(text, tokens)), content

"""Scores of an answer against gold answers, as SQuAD's evaluation has them.

Source: Rajpurkar et al., "SQuAD: 100,000+ Questions for Machine Comprehension of Text", EMNLP 2016.
"""

import math
import operator
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dynamicrag.text.sentences import plain_answer

if TYPE_CHECKING:
    from dynamicrag.features.base import Embed

UNRELATED = 0.2
"""Cosine of short texts that have nothing to do with one another: of pairs among 200 of HotpotQA's answers,
by all-MiniLM-L6-v2, the mean is .16 and the third quartile .21."""


def exact_match(answer: str, gold: Sequence[str]) -> float:
    """Return 1 if the normalised answer is one of the gold answers, else 0."""
    return float(plain_answer(answer) in {plain_answer(text) for text in gold})


def token_f1(answer: str, gold: Sequence[str]) -> float:
    """Return the best F1 of the answer's tokens against those of a gold answer, 0 to 1."""
    return max((_f1(plain_answer(answer).split(), plain_answer(text).split()) for text in gold), default=0.0)


def contains(answer: str, gold: Sequence[str]) -> float:
    """Return 1 if a gold answer's tokens occur in the answer one after another, else 0.

    Fair to models that answer in a sentence, where F1 is not.
    """
    padded = f" {plain_answer(answer)} "
    return float(any(f" {text} " in padded for text in map(plain_answer, gold) if text))


def similarity(answer: str, gold: Sequence[str], embed: "Embed") -> float:
    """Return the similarity of an answer to the nearest gold answer, 0 (unrelated) to 1 (the same).

    The cosine of their embeddings; :data:`UNRELATED` and less counts as 0.
    """
    if not answer.strip() or not gold:
        return 0.0
    vectors = [embed([text])[0] for text in (answer, *gold)]
    cosine = max(float(vectors[0] @ vector) for vector in vectors[1:])
    return min(1.0, max(0.0, (cosine - UNRELATED) / (1 - UNRELATED)))


def agreement(first: Sequence[float], second: Sequence[float], threshold: float = 0.5) -> tuple[float, float]:
    """Return the share of pairs on the same side of ``threshold``, and Cohen's kappa.

    Kappa is NaN where both are on one and the same side throughout: chance explains all.

    Source: Cohen, "A coefficient of agreement for nominal scales", 1960.
    """
    from sklearn.metrics import cohen_kappa_score

    if len(first) != len(second) or not first:
        raise ValueError(f"pairs are needed; got {len(first)} and {len(second)} values")
    ours, theirs = ([value >= threshold for value in values] for values in (first, second))
    share = sum(map(operator.eq, ours, theirs)) / len(ours)
    if len({*ours, *theirs}) == 1:
        return share, math.nan
    return share, float(cohen_kappa_score(ours, theirs))


def _f1(answer: Sequence[str], gold: Sequence[str]) -> float:
    if not answer or not gold:
        return float(answer == gold)
    common = sum((Counter(answer) & Counter(gold)).values())
    return 2 * common / (len(answer) + len(gold))

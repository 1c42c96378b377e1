"""Scores of an answer against gold answers, as SQuAD's evaluation has them.

Source: Rajpurkar et al., "SQuAD: 100,000+ Questions for Machine Comprehension of Text", EMNLP 2016.
"""

from collections import Counter
from collections.abc import Sequence

from dynamicrag.text import normalise


def exact_match(answer: str, gold: Sequence[str]) -> float:
    """Return 1 if the normalised answer is one of the gold answers, else 0."""
    return float(normalise(answer) in {normalise(text) for text in gold})


def token_f1(answer: str, gold: Sequence[str]) -> float:
    """Return the best F1 of the answer's tokens against those of a gold answer, 0 to 1."""
    return max((_f1(normalise(answer).split(), normalise(text).split()) for text in gold), default=0.0)


def contains(answer: str, gold: Sequence[str]) -> float:
    """Return 1 if a gold answer's tokens occur in the answer one after another, else 0.

    Fair to models that answer in a sentence, where F1 is not.
    """
    padded = f" {normalise(answer)} "
    return float(any(f" {text} " in padded for text in map(normalise, gold) if text))


def _f1(answer: Sequence[str], gold: Sequence[str]) -> float:
    if not answer or not gold:
        return float(answer == gold)
    common = sum((Counter(answer) & Counter(gold)).values())
    return 2 * common / (len(answer) + len(gold))

"""The worth of each retrieved passage: the probability that the answer needs it.

A short context holds more of what is needed if passages are chosen by their worth than by their rank: the
second fact of a question often stands in a passage that shares few words with the question, and that a better
passage names.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from dynamicrag.records import Passage
from dynamicrag.text.terms import Unit, terms, units

LEVEL, RANK, NEW, NAMED, MENTIONED, SCORE = -4.4, -0.44, 4.4, 3.5, 3.1, 2.2
"""Coefficients of a logistic regression: of ln(rank), of the share of the question's words that the passage
is the first to have, of a title that the question names, of a title that a better passage names, and of the
score relative to the best.

Learnt on 500 questions of HotpotQA and 2WikiMultihopQA, whose needed passages are known, on the first 12
passages of ``bm25``, ``chroma``, ``rrf`` and ``linked`` together. Fitted on one retriever alone they differ
little.
"""
NAMING = 2
"""Number of best passages whose names count."""
ENOUGH = 0.9
"""Share of the summed worth from which further passages are left out.

With at most 12 passages, all needed ones are in the context for .876, .712 and .704 of the other questions of
HotpotQA by ``linked``, ``rrf`` and ``bm25``, and for .872, .440 and .416 on 2WikiMultihopQA; with a constant
number of passages and equally many tokens for .841, .563 and .469, and for .842, .324 and .286.
"""


class Looked(NamedTuple):
    """A passage, the words of its title and text, and the units of its title."""

    passage: Passage
    words: set[str]
    title: Sequence[Unit]

    def titled(self, words: set[str]) -> bool:
        """Return whether a text with these words names the passage's title."""
        return bool(self.title) and all(unit.within(words) for unit in self.title)


def looked_at(passages: Sequence[Passage]) -> list[Looked]:
    """Return passages with their words."""
    return [
        Looked(each, set(terms(f"{each['title']}\n{each['text']}", every=True)), tuple(units(each["title"])))
        for each in passages
    ]


@lru_cache(maxsize=64)  # asked several times per turn
def question_words(question: str) -> tuple[frozenset[Unit], set[str]]:
    """Return the units of a question, and its words; not to be changed."""
    return frozenset(units(question)), set(terms(question, every=True))


def worth(question: str, found: Sequence[Looked]) -> list[float]:
    """Return the probability of each passage that the answer needs it, by rank, score, words and titles.

    The passages come best first; a title counts once per document. No model is called.

    Source: an adaptive number of passages is Taguchi, Maekawa and Bhutani, "Efficient context selection for
    long-context QA: no tuning, no iteration, just adaptive-k", EMNLP 2025 (arXiv 2506.08479), by the largest
    gap between scores; here that gap says less than words and titles.
    """
    if not found:
        return []
    asked, said = question_words(question)
    best = max(found[0].passage["score"], 1e-9)
    covered: set[Unit] = set()
    there: set[tuple[str, str]] = set()
    made = []
    for rank, each in enumerate(found, 1):
        passage = each.passage
        new = [unit for unit in asked if unit not in covered and unit.within(each.words)]
        logit = LEVEL + RANK * math.log(rank) + NEW * len(new) / (len(asked) or 1)
        logit += SCORE * min(1.0, max(0.0, passage["score"] / best))
        document = passage.get("corpus", ""), passage["document"]
        if document not in there:
            logit += _linked(each, said, found[:NAMING])
        made.append(1.0 / (1.0 + math.exp(-logit)))
        covered.update(new)
        there.add(document)
    return made


def enough(values: Sequence[float]) -> list[int]:
    """Return the positions of the passages that a context needs, in order.

    The worthiest are kept until they have :data:`ENOUGH` of the summed worth; a flat profile keeps more
    passages than one in which a few passages stand out.
    """
    total, kept, held = sum(values), [], 0.0
    for i in sorted(range(len(values)), key=lambda i: -values[i]):
        kept.append(i)
        held += values[i]
        if held >= ENOUGH * total:
            break
    return sorted(kept)


def _linked(own: Looked, said: set[str], best: Sequence[Looked]) -> float:
    """Return the weight of a title that the question, or a better document, names."""
    if own.titled(said):
        return NAMED
    others = (other for other in best if other.passage["document"] != own.passage["document"])
    return MENTIONED if any(own.titled(other.words) for other in others) else 0.0

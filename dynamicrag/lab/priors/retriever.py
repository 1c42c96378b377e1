"""Learns the prior of the stage ``retriever`` from our own retrievals."""

from collections.abc import Sequence

import numpy as np

from dynamicrag.lab.priors.searched import Searched
from dynamicrag.predictors.checks import Floats
from dynamicrag.priors.retriever import RetrieverPrior

FIRST = 4
"""Passages that are compared."""
SHRINKAGE = 5.0
"""Shrinkage of a difference and of its slope, in questions."""
CARD = """## Retriever

Learnt from our own retrievals: the share of questions whose needed passages are all among the first four,
per way of searching, by how well the documents cover the question's words; times the worth of holding them
(below).

Judged by nDCG@10 on the even questions of the two sets, and on the sample's questions and paraphrases; it has
learnt from all of them (`python -m dynamicrag.lab.priors stages`).

| options | HotpotQA | 2WikiMultihopQA | sample |
|---|---|---|---|
| all four | .861 | .904 | .776 |
| always `linked` | .861 | .904 | .776 |
| always `rrf` | .794 | .747 | .777 |
| oracle of the four | .904 | .922 | .819 |
| `bm25` and `chroma` | .776 | .749 | .791 |
| always `bm25` | .780 | .752 | .464 |
| always `chroma` | .745 | .685 | .800 |
| oracle of the two | .847 | .780 | .816 |

With `linked` among the options it always takes that. This is the best single one on the two sets, and worse
than `chroma` on the sample.

Known to fail: it does not beat the best single retriever. It is weak where titles say nothing, and in
languages that the embedding model does not read. Identifiers are searched by words by judgement alone.
"""
"""Section of the card."""


def learn_retriever(searched: Sequence[Searched], held: float) -> RetrieverPrior:
    """Learn the difference of each way of searching from a search by words and meaning.

    The difference is that of the shares of questions whose needed passages are all among the first four,
    times the shift that they are worth.

    Args:
        searched: Questions with retrievals; some in other words than the documents.
        held: Shift of the logit from a context without what is needed to one with it.
    """
    lacking = np.array([1.0 - each.coverage["idf_coverage"] for each in searched])
    by_words = _line(_gain(searched, "lexical"), lacking)
    by_meaning = _line(_gain(searched, "dense"), lacking)
    return RetrieverPrior(
        words=held * by_words[0],
        words_lacking=held * by_words[1],
        meaning=held * by_meaning[0],
        meaning_lacking=held * by_meaning[1],
        links=held * float(_gain(searched, "linked").mean()),
        spread=held * 0.25,
    )


def _gain(searched: Sequence[Searched], option: str) -> Floats:
    """Return the gain of an option over ``hybrid`` on each question, -1 to 1, (n,)."""
    both = [(each, each.passages[option][:FIRST], each.passages["hybrid"][:FIRST]) for each in searched]
    return np.array([float(each.held(own)) - float(each.held(usual)) for each, own, usual in both])


def _line(y: Floats, x: Floats) -> tuple[float, float]:
    """Return level and slope of a ridge regression."""
    X = np.column_stack([np.ones(len(x)), x])
    level, slope = np.linalg.solve(X.T @ X + SHRINKAGE * np.eye(2), X.T @ y)
    return float(level), float(slope)

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

"""Judges the choice of the retriever by nDCG@10 against always the best one, and the best per question."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynamicrag.lab.priors.evidence import LEVELS, signals
from dynamicrag.lab.priors.figures import mean_gain
from dynamicrag.lab.priors.searched import FINDS, OPTIONS, Searched
from dynamicrag.priors.shifts import StagePrior
from dynamicrag.types import Option

FIRST = 10
"""Documents that are judged."""
POOLS = (tuple(OPTIONS), ("lexical", "dense"))
"""The sets of options to choose from, each weakest first."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """The choice among some retrievers on one set.

    Attributes:
        set: Name of the set.
        options: The options.
        questions: Number of questions.
        chosen: Mean nDCG@10 of the prior's choices.
        shares: Share of the questions for which it takes each option.
        always: Mean nDCG@10 of each option.
        oracle: Mean nDCG@10 of the best option per question.
        gain: Difference of the choices to always the best option, with a paired 95 % interval.
    """

    set: str
    options: Sequence[str]
    questions: int
    chosen: float
    shares: Sequence[float]
    always: Sequence[float]
    oracle: float
    gain: Sequence[float]

    @property
    def best(self) -> str:
        """The option of the highest mean."""
        return self.options[int(np.argmax(self.always))]


def ndcg(each: Searched, option: str) -> float:
    """Return nDCG@10 of the documents found, each by its best passage; a needed document gains 1.

    Source: Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", 2002.
    """
    found = list(dict.fromkeys(passage["document"] for passage in each.passages[option]))[:FIRST]
    discounts = 1.0 / np.log2(np.arange(2, FIRST + 2))
    gains = np.array([name in each.needed for name in found], dtype=float)
    ideal = discounts[: min(FIRST, len(each.needed))].sum()
    return float(gains @ discounts[: len(found)] / ideal)


def ranked(name: str, searched: Sequence[Searched], prior: StagePrior) -> list[Ranked]:
    """Return the figures of one set for each of :data:`POOLS`; costs do not count.

    Args:
        name: Name of the set.
        searched: Its questions with retrievals.
        prior: The part of the prior that rates retrievers, by the question and the corpus.
    """
    return [_ranked(name, searched, prior, pool) for pool in POOLS]


def _ranked(name: str, searched: Sequence[Searched], prior: StagePrior, pool: Sequence[str]) -> Ranked:
    options = [Option(each, {"finds": FINDS[each]}) for each in pool]
    known = [signals(each, pool[0])[LEVELS[1]] for each in searched]
    index = np.array([int(np.argmax(prior.shifts(options, each).logit)) for each in known])
    quality = np.array([[ndcg(each, option) for option in pool] for each in searched])
    chosen, means = quality[np.arange(len(index)), index], quality.mean(axis=0)
    return Ranked(
        name, list(pool), len(index), float(chosen.mean()),
        (np.bincount(index, minlength=len(pool)) / len(index)).tolist(), means.tolist(),
        float(quality.max(axis=1).mean()), mean_gain(chosen - quality[:, means.argmax()]),
    )  # fmt: skip

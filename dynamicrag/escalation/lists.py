"""Lists of options to try in turn, each option with its acceptance threshold.

With the same threshold the turn ends without an answer if the draft's signals say that there is probably
none. The result of each list on the recordings is stored with it, so that for any λ, or any mean budget, the
best list is looked up.
"""

from abc import abstractmethod
from collections.abc import Iterator

import numpy as np

from dynamicrag.escalation.base import ACCEPT, EscalationPolicy, Verdict
from dynamicrag.escalation.beliefs import Beliefs
from dynamicrag.escalation.replay import total
from dynamicrag.escalation.training_data import TrainingData
from dynamicrag.predictors.checks import Floats

Listed = tuple[tuple[int, ...], tuple[float, ...]]


class ListPolicy(EscalationPolicy):
    """The base of policies with a fixed order of options.

    Attributes:
        order: Lists of options, filled up with -1, (m, k).
        least: Acceptance threshold of each option, (m, k); the last draft is always accepted.
        quality: Mean quality of each list, (m,).
        cost: Its mean cost, (m,).
    """

    fitted = ("order", "least", "quality", "cost")

    @abstractmethod
    def lists(self, data: TrainingData) -> Iterator[Listed]:
        """Yield the candidates."""

    def _fit(self, data: TrainingData) -> None:
        """Evaluate the candidates on recorded outcomes, and keep the Pareto-optimal ones."""
        score = np.where(np.isfinite(data.score), data.score, data.prior)
        listed = list(self.lists(data))
        results = np.array([result_of(own, score, data) for own in listed])
        rank = np.lexsort((-results[:, 0], results[:, 1]))
        best = np.maximum.accumulate(results[rank, 0])
        kept = rank[np.concatenate([[True], results[rank[1:], 0] > best[:-1]])]
        k = data.quality.shape[1]
        self.order = np.full((len(kept), k), -1, dtype=np.intp)
        self.least = np.zeros((len(kept), k))
        for row, number in enumerate(kept):
            order, least = listed[number]
            self.order[row, : len(order)] = order
            self.least[row, : len(least)] = least
        self.quality, self.cost = results[kept].T

    def _decide(self, beliefs: Beliefs, lam: float) -> Verdict:
        pick = int((self.quality - lam * self.cost).argmax())
        order, least = self.order[pick], self.least[pick]
        order, least = order[order >= 0], least[order >= 0]
        rows = len(beliefs)
        step = np.full(rows, ACCEPT, dtype=np.intp)
        draft = beliefs.best
        done = np.zeros(rows, dtype=bool)
        can = beliefs.open
        for position, option in enumerate(order):
            tried = beliefs.tried[:, option]
            last = position == len(order) - 1
            worth = beliefs.mean[:, option]
            worth = np.where(beliefs.last == option, np.maximum(worth, beliefs.abstain), worth)
            good = tried & ((worth >= least[position]) | last) & ~done
            draft = np.where(good, option, draft)
            step = np.where(~done & ~tried & can[:, option], option, step)
            done |= good | (~tried & can[:, option])
        return Verdict(step, draft)


def result_of(listed: Listed, score: Floats, data: TrainingData) -> tuple[float, float]:
    """Return the mean quality and cost of a list that ends with the likelier of draft and abstention."""
    order, least = listed
    rows = len(data)
    quality, tried = np.zeros(rows), np.zeros(data.quality.shape, dtype=bool)
    going = np.ones(rows, dtype=bool)
    for position, option in enumerate(order):
        tried[going, option] = True
        sure = np.fmax(score[:, option], data.hopeless[:, option]) >= least[position]
        ends = going & sure if position < len(order) - 1 else going
        given_up = data.hopeless[:, option] > score[:, option]
        worth = np.where(given_up, data.unanswerable, data.quality[:, option])
        quality[ends] = worth[ends]
        going = going & ~ends
    return float(quality.mean()), float(total(data.cost, tried, data.chain).mean())


def levels(score: Floats, number: int) -> Floats:
    """Return candidate thresholds: below quantiles of the scores, and an unreachable one.

    Each is midway to the next lower score, so that similar scores elsewhere also reach it.
    """
    known = score[np.isfinite(score)]
    if not len(known):
        return np.array([np.inf])
    inner = np.unique(np.quantile(known, np.linspace(0, 1, number + 1)[1:], method="nearest"))
    distinct = np.unique(known)
    lower = distinct[np.maximum(np.searchsorted(distinct, inner) - 1, 0)]
    return np.append((inner + lower) / 2, np.inf)

"""Beliefs in every option, and their update by a draft and its verifiers.

Qualities and scores (the verifiers' results on a draft) are modelled as jointly Gaussian around the
prior, with their covariance in the recordings. Then the score of one draft updates the beliefs in all other
options, in any order of trying; and the size of that update, which makes a further draft worth its price, is
known before it is written. This is the linear estimator of Kalman (1960), on the belief of Gaussian-process
knowledge gradients (Frazier, Powell and Dayanik 2009, "The knowledge-gradient policy for correlated normal
beliefs"). Qualities are bounded by 0 and 1, so updates shrink towards the bounds like a Bernoulli's standard
deviation.
"""

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.state import State

Positions = NDArray[np.intp]
Marks = NDArray[np.bool_]
END = 0.02
"""Closest distance to 0 and 1 at which a belief's standard deviation is computed."""


@dataclass(frozen=True, slots=True)
class Beliefs:
    """Beliefs in n queries and k options before the next step.

    Attributes:
        mean: Expected quality of each option's draft; for a tried option the verifiers' estimate, (n, k).
        score: Expected score of each option, (n, k).
        cov: Covariance of qualities and scores, (n, 2k, 2k).
        tried: Whether each option has a draft, (n, k).
        last: The option tried last, -1 for none, (n,).
        cost: Expected cost of trying each option now; infinite if it cannot be reached, (n, k).
        chain: Chain number of each option, (k,). Options of a chain continue each other: each costs the
            difference to the one before, in one direction only and without interruption. -1: no chain.
        budget: Remaining budget, (n,).
        room: Whether the limits allow the option of the last axis after the option of the axis before,
            (n, k, k).
        abstain: Expected worth of abstaining, (n,).
    """

    mean: Floats
    score: Floats
    cov: Floats
    tried: Marks
    last: Positions
    cost: Floats
    chain: Positions
    budget: Floats
    room: Marks
    abstain: Floats

    def __len__(self) -> int:
        return len(self.mean)

    @property
    def open(self) -> Marks:
        """Whether each option can be tried, (n, k)."""
        return np.asarray(~self.tried & (self.cost <= self.budget[:, None]) & np.isfinite(self.cost))

    @property
    def best(self) -> Positions:
        """The best draft, (n,); 0 if there is none."""
        return np.asarray(np.where(self.tried, self.mean, -np.inf).argmax(axis=1))

    @property
    def worth(self) -> Floats:
        """Expected worth of ending now, by the best draft or by abstaining, (n,)."""
        return np.asarray(np.maximum(np.where(self.tried, self.mean, 0.0).max(axis=1), self.abstain))

    @property
    def moves(self) -> Floats:
        """Change of option l's mean (last axis) per standard deviation of option j's score, (n, k, k)."""
        k = self.mean.shape[1]
        across = self.cov[:, k:, :k]
        deviation = np.sqrt(np.maximum(np.diagonal(self.cov, axis1=1, axis2=2)[:, k:], 0.0))
        scaled = np.divide(
            across, deviation[:, :, None], out=np.zeros_like(across), where=deviation[:, :, None] > 1e-6
        )
        return scaled * self.shape[:, :, None]

    @property
    def spread(self) -> Floats:
        """Standard deviation of each mean's change by the option's own verification, (n, k); 0 if tried."""
        own = np.maximum(np.diagonal(self.moves, axis1=1, axis2=2), 0.0)
        return np.where(self.tried, 0.0, own)

    @property
    def gains(self) -> Floats:
        """Expected gain in worth by trying each option and then taking the best end, (n, k); 0 if tried."""
        return np.where(self.tried, 0.0, above(self.mean - self.worth[:, None], self.spread))

    @property
    def shape(self) -> Floats:
        """Ratio of a Bernoulli's standard deviation at the mean to its maximum, (n, k)."""
        inside = np.clip(self.mean, END, 1 - END)
        return 2 * np.sqrt(inside * (1 - inside))

    def take(self, rows: NDArray[np.intp] | Marks) -> "Beliefs":
        """Return the beliefs of some queries."""
        own = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "chain"}
        return replace(self, **own)

    def after(self, option: int) -> Floats:
        """Return each option's cost after ``option`` has been tried, (n, k); infinite if closed."""
        cost = np.array(self.cost)
        spent = np.where(np.isfinite(cost[:, [option]]), cost[:, [option]], 0.0)
        along = (self.chain == self.chain[option]) & (self.chain >= 0)
        later = along & (np.arange(len(along)) > option)
        cost[:, along & ~later] = np.inf
        for other in np.unique(self.chain[(self.chain >= 0) & ~along]):
            begun = self.tried[:, self.chain == other].any(axis=1)
            cost[np.ix_(begun, self.chain == other)] = np.inf
        cost[:, option] = np.inf
        cost[:, later] -= spent
        return np.where(self.room[:, option], cost, np.inf)


class BeliefModel:
    """The covariance of qualities and scores, fitted on recorded outcomes.

    Attributes:
        centre: Mean of qualities and scores minus the prior, (2k,).
        cov: Their covariance, (2k, 2k), shrunk towards no correlation between options if rows are few.
        blank: Share of the queries without an answer.
    """

    centre: Floats
    cov: Floats
    blank: float

    def fit(self, prior: Floats, score: Floats, quality: Floats, blank: float = 0.0) -> Self:
        """Fit on out-of-fold priors and scores and realised qualities, each (n, k); NaN: unobserved."""
        self.blank = blank
        off = np.hstack([quality, score]) - np.tile(prior, 2)
        seen = np.isfinite(off)
        count = np.maximum(seen.sum(axis=0), 1)
        self.centre = np.where(seen, off, 0.0).sum(axis=0) / count
        whole = np.where(seen, off - self.centre, 0.0)
        both = np.maximum(seen.T.astype(float) @ seen, 1.0)
        cov = whole.T @ whole / both
        rows, k = quality.shape
        kept = np.where(np.tile(np.eye(k, dtype=bool), (2, 2)), 1.0, rows / (rows + 2 * k))
        self.cov = cov * kept
        return self

    def begin(
        self, prior: Floats, cost: Floats, chain: Positions, budget: Floats, room: Marks | None = None
    ) -> Beliefs:
        """Return the beliefs before anything is tried.

        Args:
            prior: Predicted quality, (n, k).
            cost: See :class:`Beliefs`.
            chain: See :class:`Beliefs`.
            budget: See :class:`Beliefs`.
            room: See :class:`Beliefs`; by default only ``budget`` limits.
        """
        rows, k = prior.shape
        return Beliefs(
            mean=np.clip(prior + self.centre[:k], 0.0, 1.0),
            score=prior + self.centre[k:],
            cov=np.repeat(self.cov[None], rows, axis=0),
            tried=np.zeros((rows, k), dtype=bool),
            last=np.full(rows, -1, dtype=np.intp),
            cost=np.array(cost),
            chain=chain,
            budget=np.array(budget),
            room=np.ones((rows, k, k), dtype=bool) if room is None else room,
            abstain=np.full(rows, self.blank),
        )

    def learn(self, beliefs: Beliefs, option: Positions, score: Floats, abstain: Floats) -> Beliefs:
        """Return the beliefs updated by the verified draft of ``option`` for every query.

        Args:
            beliefs: The beliefs before.
            option: The tried option, (n,).
            score: Probability that the draft is right, by its verifiers; NaN where they failed, (n,).
            abstain: Worth of abstaining by the draft's signals, (n,); NaN: unchanged.
        """
        rows, k = np.arange(len(beliefs)), beliefs.mean.shape[1]
        column = beliefs.cov[rows, :, k + option]
        size = beliefs.cov[rows, k + option, k + option]
        known = np.isfinite(score) & (size > 1e-9)
        gain = column / np.where(known, size, 1.0)[:, None] * known[:, None]
        innovation = np.where(known, score - beliefs.score[rows, option], 0.0)
        tried = np.array(beliefs.tried)
        tried[rows, option] = True
        moved = np.clip(beliefs.mean + gain[:, :k] * innovation[:, None], 0.0, 1.0)
        # a verified draft keeps its own verifiers' estimate
        mean = np.where(beliefs.tried, beliefs.mean, moved)
        mean[rows, option] = np.where(np.isfinite(score), score, beliefs.mean[rows, option])
        spent = beliefs.cost[rows, option]
        cost = np.array(beliefs.cost)
        for own in np.unique(option):
            where = option == own
            cost[where] = beliefs.after(int(own))[where]
        return replace(
            beliefs,
            mean=mean,
            score=beliefs.score + gain[:, k:] * innovation[:, None],
            cov=beliefs.cov - gain[:, :, None] * column[:, None, :],
            tried=tried,
            last=np.asarray(option, dtype=np.intp),
            cost=cost,
            budget=beliefs.budget - spent,
            abstain=np.where(np.isfinite(abstain), abstain, beliefs.abstain),
        )

    def state(self) -> State:
        """Return the complete state of the model."""
        return State({"blank": self.blank}, {"centre": self.centre, "cov": self.cov})

    @classmethod
    def from_state(cls, state: State) -> "BeliefModel":
        """Return the model of a state."""
        model = cls()
        model.centre, model.cov = state.arrays["centre"], state.arrays["cov"]
        model.blank = float(state.meta["blank"])
        return model


def above(mean: Floats, spread: Floats) -> Floats:
    """Return E[max(0, x)] of a normal x."""
    from scipy.special import ndtr

    safe = np.maximum(spread, 1e-9)
    z = mean / safe
    density = np.exp(-0.5 * np.minimum(z * z, 700.0)) / np.sqrt(2 * np.pi)
    return np.where(spread > 1e-9, mean * ndtr(z) + spread * density, np.maximum(mean, 0.0))

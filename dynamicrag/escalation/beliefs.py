"""What is believed of every option, and how a draft and its verifiers change it.

Qualities and scores (what the verifiers will make of a draft) are taken for jointly Gaussian around the
prior, with the covariance that they had in the recordings. Then the score of one draft moves what is
believed of all other options, in any order of trying; and how far a further draft *would* move it, which
is what makes it worth its price, is known beforehand. This is the linear estimator of Kalman (1960), on
the belief of Gaussian-process knowledge gradients (Frazier, Powell and Dayanik 2009, "The
knowledge-gradient policy for correlated normal beliefs"). Qualities end at 0 and 1, so moves shrink
towards the ends as a Bernoulli's deviation does.
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
"""Closest to 0 and 1 that a belief's deviation is reckoned from."""


@dataclass(frozen=True, slots=True)
class Beliefs:
    """What is believed of n queries and k options before the next step.

    Attributes:
        mean: Expected quality of each option's draft; of a tried one what its verifiers say, (n, k).
        heard: Expected score of each option, (n, k).
        cov: Covariance of qualities and scores, (n, 2k, 2k).
        tried: Which options have a draft, (n, k).
        last: The option tried last, -1 for none, (n,).
        cost: Expected cost of trying each option now; infinite where there is no way to it, (n, k).
        chain: Options of one number continue each other, (k,): each costs what it has more than the one
            before, there is no way back, and it goes on at once or not at all. -1: stands by itself.
        budget: What may still be spent, (n,).
        room: Whether the limits leave room for the option of the last axis after that of the one before,
            (n, k, k).
        abstain: Expected worth of not answering, (n,).
    """

    mean: Floats
    heard: Floats
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
        """Which options can be tried, (n, k)."""
        return np.asarray(~self.tried & (self.cost <= self.budget[:, None]) & np.isfinite(self.cost))

    @property
    def best(self) -> Positions:
        """The best draft, (n,); 0 where there is none."""
        return np.asarray(np.where(self.tried, self.mean, -np.inf).argmax(axis=1))

    @property
    def worth(self) -> Floats:
        """Expected worth of ending now, by the best draft or by abstaining, (n,)."""
        return np.asarray(np.maximum(np.where(self.tried, self.mean, 0.0).max(axis=1), self.abstain))

    @property
    def moves(self) -> Floats:
        """One deviation's move of option l's mean (last axis) once option j is verified, (n, k, k)."""
        k = self.mean.shape[1]
        across = self.cov[:, k:, :k]
        heard = np.sqrt(np.maximum(np.diagonal(self.cov, axis1=1, axis2=2)[:, k:], 0.0))
        scaled = np.divide(
            across, heard[:, :, None], out=np.zeros_like(across), where=heard[:, :, None] > 1e-6
        )
        return scaled * self._shape[:, :, None]

    @property
    def spread(self) -> Floats:
        """Deviation of the mean that each option's own verification would give, (n, k); 0 if tried."""
        own = np.maximum(np.diagonal(self.moves, axis1=1, axis2=2), 0.0)
        return np.where(self.tried, 0.0, own)

    @property
    def gains(self) -> Floats:
        """Expected gain in worth by trying each option and then taking the best end, (n, k); 0 if tried."""
        return np.where(self.tried, 0.0, above(self.mean - self.worth[:, None], self.spread))

    @property
    def _shape(self) -> Floats:
        """How a Bernoulli's deviation at the mean compares with the one at its widest, (n, k)."""
        inside = np.clip(self.mean, END, 1 - END)
        return 2 * np.sqrt(inside * (1 - inside))

    def take(self, rows: NDArray[np.intp] | Marks) -> "Beliefs":
        """Return some queries."""
        own = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "chain"}
        return replace(self, **own)

    def after(self, option: int) -> Floats:
        """Return what each option would cost once ``option`` has been tried, (n, k); infinite: it cannot."""
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
    """The covariance of qualities and scores, learnt from recorded outcomes.

    Attributes:
        centre: Mean of qualities and scores less the prior, (2k,).
        cov: Their covariance, (2k, 2k), drawn towards no correlation between options where rows are few.
        blank: Share of the queries that nothing answers.
    """

    centre: Floats
    cov: Floats
    blank: float

    def fit(self, prior: Floats, score: Floats, quality: Floats, blank: float = 0.0) -> Self:
        """Learn from out-of-fold priors and scores and realised qualities, each (n, k); NaN: not observed."""
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
            prior: Quality that is predicted, (n, k).
            cost: See :class:`Beliefs`.
            chain: Likewise.
            budget: Likewise.
            room: Likewise; by default there is, as far as ``budget`` goes.
        """
        rows, k = prior.shape
        return Beliefs(
            mean=np.clip(prior + self.centre[:k], 0.0, 1.0),
            heard=prior + self.centre[k:],
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
        """Return the beliefs after every query's draft by ``option`` was verified.

        Args:
            beliefs: What was believed before.
            option: What was tried, (n,).
            score: Probability that the draft is right, by its verifiers; NaN where they failed, (n,).
            abstain: Worth of not answering, as the draft's signals have it; NaN: as before, (n,).
        """
        rows, k = np.arange(len(beliefs)), beliefs.mean.shape[1]
        column = beliefs.cov[rows, :, k + option]
        size = beliefs.cov[rows, k + option, k + option]
        told = np.isfinite(score) & (size > 1e-9)
        gain = column / np.where(told, size, 1.0)[:, None] * told[:, None]
        news = np.where(told, score - beliefs.heard[rows, option], 0.0)
        tried = np.array(beliefs.tried)
        tried[rows, option] = True
        moved = np.clip(beliefs.mean + gain[:, :k] * news[:, None], 0.0, 1.0)
        # what was verified stays as its own verifiers had it
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
            heard=beliefs.heard + gain[:, k:] * news[:, None],
            cov=beliefs.cov - gain[:, :, None] * column[:, None, :],
            tried=tried,
            last=np.asarray(option, dtype=np.intp),
            cost=cost,
            budget=beliefs.budget - spent,
            abstain=np.where(np.isfinite(abstain), abstain, beliefs.abstain),
        )

    def state(self) -> State:
        """Return all that is needed to believe again."""
        return State({"blank": self.blank}, {"centre": self.centre, "cov": self.cov})

    @classmethod
    def from_state(cls, state: State) -> "BeliefModel":
        """Return the model that a state describes."""
        model = cls()
        model.centre, model.cov = state.arrays["centre"], state.arrays["cov"]
        model.blank = float(state.meta["blank"])
        return model


def above(mean: Floats, spread: Floats) -> Floats:
    """Return E[max(0, x)] of normal x."""
    from scipy.special import ndtr

    safe = np.maximum(spread, 1e-9)
    z = mean / safe
    density = np.exp(-0.5 * np.minimum(z * z, 700.0)) / np.sqrt(2 * np.pi)
    return np.where(spread > 1e-9, mean * ndtr(z) + spread * density, np.maximum(mean, 0.0))

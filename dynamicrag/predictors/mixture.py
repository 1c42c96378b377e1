"""The base of predictors that are a weighted mean of others."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.base import Predictor
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.crossfit import build
from dynamicrag.predictors.estimate import Estimate, Neighbours
from dynamicrag.predictors.state import State

Specs = Sequence[str | dict[str, Any]]


class Mixture(Predictor):
    """Predicts a convex mix of its members.

    Attributes:
        members: The fitted predictors.
        weights: Their weights, (p,); 1 in sum.
    """

    members: Sequence[Predictor]
    weights: Floats

    def __init__(self, of: Specs, *, seed: int) -> None:
        super().__init__(seed=seed)
        if not of:
            raise ValueError("of: expected one predictor or more")
        self.of = list(of)

    @property
    def picked(self) -> Mapping[str, float]:
        """See the base class."""
        shares: dict[str, float] = {}
        for weight, member in zip(self.weights, self.members, strict=True):
            shares[member.registered] = shares.get(member.registered, 0.0) + float(weight)
        return shares

    def neighbours(self, X: Floats) -> Neighbours | None:
        """See the base class: the neighbours of the first member that has any."""
        return next(filter(None, (member.neighbours(X) for member in self.members)), None)

    def _train(self, weights: Floats, X: Floats, quality: Floats, groups: NDArray[Any] | None) -> None:
        """Fit the members that have a weight, (len(of),)."""
        kept = np.flatnonzero(weights)
        self.weights = weights[kept]
        self.members = [
            build(self.of[index], self.seed, f"{self.registered}.of").fit(
                X, quality, groups=groups, blocks=self.blocks
            )
            for index in kept
        ]

    def _predict(self, X: Floats) -> Estimate:
        estimates = [member.predict(X) for member in self.members]
        means = np.stack([estimate.mean for estimate in estimates])
        mean = np.tensordot(self.weights, means, axes=1)
        # the variance of a mixture: within its parts plus between them
        within = [0.0 if estimate.spread is None else estimate.spread**2 for estimate in estimates]
        variances = np.stack([w + (m - mean) ** 2 for w, m in zip(within, means, strict=True)])
        return Estimate(mean, np.sqrt(np.tensordot(self.weights, variances, axes=1)))

    def pack(self) -> State:
        """See the base class."""
        states = [member.state() for member in self.members]
        arrays = {f"{i}/{name}": a for i, state in enumerate(states) for name, a in state.arrays.items()}
        return State({"members": [state.meta for state in states]}, arrays | {"weights": self.weights})

    def unpack(self, state: State) -> None:
        """See the base class."""
        self.weights = np.array(state.arrays["weights"])
        self.members = [
            Predictor.from_state(State(meta, state.under(str(i))), f"{self.registered}.of[{i}]")
            for i, meta in enumerate(state.meta["members"])
        ]

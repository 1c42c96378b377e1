"""Several predictors in one."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.base import PREDICTORS, Estimate, Neighbours, Predictor
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.crossfit import build, contrasts, out_of_fold
from dynamicrag.predictors.state import State


@PREDICTORS.register("stack")
class Stack(Predictor):
    """Predicts a convex mix of other predictors, its weights those that do best on left-out queries.

    Stacked regressions (Breiman 1996); the Super Learner, van der Laan et al. 2007. The weights, none
    negative and 1 in sum, minimise the squared error of the *differences* between options, for these
    alone decide. What gets no weight is dropped.

    Args:
        of: Specs of the predictors to mix.
        folds: Number of folds.
        seed: Seed of the folds, and of the predictors that have none of their own.
    """

    paper = "Breiman 1996, Stacked regressions; van der Laan et al. 2007, Super Learner"

    def __init__(
        self,
        *,
        of: Sequence[str | dict[str, Any]] = ("best_single", "linear", "kernel", "forest"),
        folds: int = 5,
        seed: int = 0,
    ) -> None:
        super().__init__(seed=seed)
        if not of or folds < 2:
            raise ValueError("of: expected one predictor or more; folds: 2 or more")
        self.of = list(of)
        self.folds = folds

    def _fit(self, X: Floats, quality: Floats, groups: NDArray[Any] | None) -> None:
        means = out_of_fold(
            self.of, X, quality, groups, self.blocks, count=self.folds, seed=self.seed,
            where="stack.of",
        )  # fmt: skip
        weights = _mix(contrasts(means, quality))
        kept = np.flatnonzero(weights)
        self.weights = weights[kept]
        self.members = [
            build(self.of[index], self.seed, "stack.of").fit(X, quality, groups=groups, blocks=self.blocks)
            for index in kept
        ]

    def _predict(self, X: Floats) -> Estimate:
        estimates = [member.predict(X) for member in self.members]
        means = np.stack([estimate.mean for estimate in estimates])
        mean = np.tensordot(self.weights, means, axes=1)
        # the variance of a mixture: that within its parts, and that between them
        within = [0.0 if estimate.spread is None else estimate.spread**2 for estimate in estimates]
        variances = np.stack([w + (m - mean) ** 2 for w, m in zip(within, means, strict=True)])
        return Estimate(mean, np.sqrt(np.tensordot(self.weights, variances, axes=1)))

    def neighbours(self, X: Floats) -> Neighbours | None:
        """See the base class: those of the first part that has any."""
        return next(filter(None, (member.neighbours(X) for member in self.members)), None)

    def _pack(self) -> tuple[Mapping[str, Any], Mapping[str, NDArray[Any]]]:
        states = [member.state() for member in self.members]
        arrays = {f"{i}/{name}": a for i, state in enumerate(states) for name, a in state.arrays.items()}
        return {"members": [state.meta for state in states]}, arrays | {"weights": self.weights}

    def _unpack(self, state: State) -> None:
        self.weights = np.array(state.arrays["weights"])
        self.members = [
            Predictor.from_state(State(meta, state.under(str(i))), f"stack.of[{i}]")
            for i, meta in enumerate(state.meta["members"])
        ]


def _mix(errors: Floats) -> Floats:
    """Return the convex weights, (p,), whose mix of the errors, (p, n, k), has the least square.

    Without a constraint on their sum, the weights w ≥ 0 that minimise |E w|² + (Σw − 1)² are the convex
    ones times a number, for the first term only wants their proportions; so they need only be divided.
    """
    from scipy.optimize import nnls

    table = errors.reshape(len(errors), -1)
    table = table[:, ~np.isnan(table[0])].T
    if not table.any():  # nothing to tell them apart by
        return np.asarray(np.eye(1, len(errors))[0])
    triangle = np.linalg.qr(table).R
    # in units of the errors, lest rounding decide between the two terms
    weight = np.sqrt((triangle**2).sum() / len(errors))
    solution, _ = nnls(
        np.vstack([triangle, np.full(len(errors), weight)]), np.append(np.zeros(len(triangle)), weight)
    )
    return np.asarray(solution / solution.sum(), dtype=np.float64)

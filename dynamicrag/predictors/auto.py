"""Selects the best predictor on a table."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.base import PREDICTORS, Predictor
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.crossfit import build, contrasts, out_of_fold
from dynamicrag.predictors.estimate import Estimate, Neighbours
from dynamicrag.predictors.state import State


@PREDICTORS.register("auto")
class Auto(Predictor):
    """Predicts with the simplest of its candidates that is within one standard error of the best.

    The one-standard-error rule of Breiman, Friedman, Olshen and Stone 1984 (Classification and Regression
    Trees), on cross-validated squared errors of the *differences* between options, because only these decide.
    The standard error is that of the paired difference to the best, query by query.

    The best single option is not a candidate by default: on few queries nothing is better than it beyond
    doubt. ``linear``, whose penalty rises until only the options' means are left, equals it if there is
    nothing to learn and is better if there is a little. There are few candidates, because the best of many is
    often just the luckiest.

    Args:
        of: Specs of the candidates, simplest first.
        folds: Number of folds.
        seed: Seed of the folds, and of candidates without their own seed.

    Attributes:
        chosen: The fitted predictor, with its name in ``registered``.
        errors: Mean cross-validated error per candidate.
    """

    paper = "Breiman et al. 1984, Classification and Regression Trees"

    def __init__(
        self,
        *,
        of: Sequence[str | dict[str, Any]] = ("linear", "blend"),
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
            where="auto.of",
        )  # fmt: skip
        squares = contrasts(means, quality) ** 2
        rows = ~np.isnan(squares[0]).all(axis=1)
        losses = np.nanmean(squares[:, rows], axis=2)
        self.errors = losses.mean(axis=1)
        self.chosen = build(self.of[_simplest(losses)], self.seed, "auto.of").fit(
            X, quality, groups=groups, blocks=self.blocks
        )

    def _predict(self, X: Floats) -> Estimate:
        return self.chosen.predict(X)

    @property
    def picked(self) -> Mapping[str, float]:
        """See the base class."""
        return self.chosen.picked or {self.chosen.registered: 1.0}

    def neighbours(self, X: Floats) -> Neighbours | None:
        """See the base class: the neighbours of the chosen predictor."""
        return self.chosen.neighbours(X)

    def pack(self) -> State:
        """See the base class."""
        return State.of({}, {"chosen": self.chosen.state()}, errors=self.errors)

    def unpack(self, state: State) -> None:
        """See the base class."""
        self.errors = np.array(state.arrays["errors"])
        self.chosen = Predictor.from_state(state.part("chosen"), "auto.of")


def _simplest(losses: Floats) -> int:
    """Return the first row of the losses, (p, n), that is within chance of the best."""
    worse = losses - losses[losses.mean(axis=1).argmin()]
    error = worse.std(axis=1) / np.sqrt(losses.shape[1])
    return int(np.flatnonzero(worse.mean(axis=1) <= error)[0])

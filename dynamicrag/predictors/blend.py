"""The plain average of several predictors."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.base import PREDICTORS, Predictor
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.crossfit import build
from dynamicrag.predictors.estimate import Estimate, Neighbours
from dynamicrag.predictors.state import State


@PREDICTORS.register("blend")
class Blend(Predictor):
    """Predicts the average of predictors that err in different ways.

    A line, neighbours and trees use the same features differently. If outcomes are few and noisy, estimating
    their weights costs more than it gains: the plain average is hard to beat (Bates and Granger 1969; Clemen
    1989, "Combining forecasts").

    Args:
        of: Specs of the predictors to average.
        seed: Seed of predictors without their own seed.

    Attributes:
        members: The fitted predictors.
    """

    paper = "Bates and Granger 1969, The combination of forecasts; Clemen 1989, Combining forecasts"

    def __init__(
        self, *, of: Sequence[str | dict[str, Any]] = ("linear", "knn", "forest"), seed: int = 0
    ) -> None:
        super().__init__(seed=seed)
        if not of:
            raise ValueError("of: expected one predictor or more")
        self.of = list(of)

    @property
    def picked(self) -> Mapping[str, float]:
        """See the base class."""
        names = Counter(member.registered for member in self.members)
        return {name: count / names.total() for name, count in names.items()}

    def neighbours(self, X: Floats) -> Neighbours | None:
        """See the base class: the neighbours of the first member that has any."""
        return next(filter(None, (member.neighbours(X) for member in self.members)), None)

    def _fit(self, X: Floats, quality: Floats, groups: NDArray[Any] | None) -> None:
        self.members = [
            build(spec, self.seed, "blend.of").fit(X, quality, groups=groups, blocks=self.blocks)
            for spec in self.of
        ]

    def _predict(self, X: Floats) -> Estimate:
        estimates = [member.predict(X) for member in self.members]
        means = np.stack([estimate.mean for estimate in estimates])
        shares = np.full(len(means), 1.0 / len(means))
        mean = np.tensordot(shares, means, axes=1)
        # the variance of a mixture: within its parts plus between them
        within = [0.0 if estimate.spread is None else estimate.spread**2 for estimate in estimates]
        variances = np.stack([w + (m - mean) ** 2 for w, m in zip(within, means, strict=True)])
        return Estimate(mean, np.sqrt(np.tensordot(shares, variances, axes=1)))

    def pack(self) -> State:
        """See the base class."""
        states = [member.state() for member in self.members]
        arrays = {f"{i}/{name}": a for i, state in enumerate(states) for name, a in state.arrays.items()}
        return State({"members": [state.meta for state in states]}, arrays)

    def unpack(self, state: State) -> None:
        """See the base class."""
        self.members = [
            Predictor.from_state(State(meta, state.under(str(i))), f"blend.of[{i}]")
            for i, meta in enumerate(state.meta["members"])
        ]

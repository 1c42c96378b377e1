"""The base class of learners: algorithms that can start without data and learn from single rewards."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from dynamicrag.errors import InputError
from dynamicrag.predictors.base import How, Predictor, Uses, When
from dynamicrag.predictors.state import State


class Learner(Predictor):
    """An online algorithm with a prior of its own.

    It learns quality, or any other number: a residual of quality over an estimate, or a scalar reward that
    includes cost. ``start`` gives its prior; ``fit`` warm-starts it on a table; ``learn`` continues from
    either. Every option has an estimate of its own from the start, also without any observation.

    Attributes:
        positions: Hyperparameters that are positions of features; a policy gives their names.
        beside: Hyperparameters of other default where its estimate is added to another one.
    """

    positions: ClassVar[tuple[str, ...]] = ()
    beside: ClassVar[Mapping[str, Any]] = {}

    when: ClassVar[tuple[When, ...]] = ("pre-generation", "online")
    uses: ClassVar[tuple[Uses, ...]] = ("query", "feedback")
    how: ClassVar[How] = "bandit"
    online = True
    weighs = True
    grows = True

    def start(self, features: int, options: int) -> Self:
        """Start from the algorithm's prior, without data.

        Args:
            features: Number of features, d.
            options: Number of options, k.

        Returns:
            The learner itself.

        Raises:
            InputError: A number is below 1.
        """
        for name, number in {"features": features, "options": options}.items():
            if number < 1:
                raise InputError(f"{name}: expected 1 or more, got {number}")
        self.features, self.blocks = features, [features]
        self._columns = np.arange(options)
        self._start(features, options)
        return self

    def _complete(self) -> None:
        for option in np.flatnonzero(self._columns < 0):
            self._place(int(option), np.full(self.anchors, np.nan))

    def add_option(self, quality: ArrayLike | None = None) -> None:
        """See the base class."""
        super().add_option(quality)
        self._complete()

    def unpack(self, state: State) -> None:
        """Restore the state from :meth:`pack`.

        Raises:
            ValueError: Its parts do not fit each other, or are not finite.
        """
        super().unpack(state)
        self._restore()
        estimate = self.predict(np.zeros((1, self.features)))
        for numbers in (estimate.mean, estimate.spread):
            if numbers is not None and (numbers.shape != (1, self.options) or not np.isfinite(numbers).all()):
                raise ValueError(f"it does not give a finite quality for each of its {self.options} options")

    def _restore(self) -> None:
        """Compute the attributes that follow from the fitted ones; by default there are none."""

    @abstractmethod
    def _start(self, features: int, options: int) -> None:
        """Set the prior of every option."""

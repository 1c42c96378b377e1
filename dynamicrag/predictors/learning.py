"""Learning from single rewards, and from preferences between two options."""

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from dynamicrag.errors import InputError, PolicyError
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.estimate import Estimate
from dynamicrag.predictors.exploration import GREEDY, Exploration
from dynamicrag.predictors.growing import Growing


class Learning(Growing):
    """The part of a predictor's contract that learns online.

    Attributes:
        online: Whether it learns from single rewards.
        weighs: Whether its rewards may have weights, and so whether it learns from preferences.
    """

    online: ClassVar[bool] = False
    weighs: ClassVar[bool] = False

    @property
    def exploration(self) -> Exploration:
        """The exploration that its algorithm asks for now."""
        return GREEDY

    @abstractmethod
    def predict(self, X: ArrayLike) -> Estimate:
        """Estimate the quality of every option for every query."""

    def learn(self, x: ArrayLike, option: int, reward: float, weight: float = 1.0) -> None:
        """Learn online from the reward of ``option`` on one query.

        Args:
            x: Features, (d,).
            option: The option's position.
            reward: Its quality.
            weight: The reward's weight, in observations.

        Raises:
            PolicyError: It cannot learn online, takes no weights, or is not trained.
            InputError: As for :meth:`predict`; or the option is unknown, the reward is not finite, or the
                weight is not a positive number.
        """
        if not self.online:
            raise PolicyError(
                f"{self.registered!r} does not learn online; those that do: {self._those('online')}"
            )
        row = self._queries(np.atleast_2d(x))
        self._check_option(option)
        if not np.isfinite(reward):
            raise InputError(f"reward: expected a finite number, got {reward}")
        if not (np.isfinite(weight) and weight > 0):
            raise InputError(f"weight: expected a number above 0, got {weight}")
        if weight != 1.0:
            self._check_weighs()
        if self._columns[option] < 0:  # the first observation of it
            self._place(option, np.full(self.anchors, np.nan))
        self._learn(row, int(self._columns[option]), float(reward), float(weight))

    def learn_pair(
        self, x: ArrayLike, a: int, b: int, y: float, weight: float = 1.0, *, lead: float = 0.0
    ) -> None:
        """Learn online from a preference between two options on one query.

        With the linear link of Ailon, Karnin and Joachims 2014 ("Reducing Dueling Bandits to Cardinal
        Bandits"), ``a`` is preferred with probability (1 + q_a − q_b) / 2, so 2y − 1 is expected to be
        q_a − q_b. ``a`` learns 2y − 1 + q_b and ``b`` learns q_a − (2y − 1), each with half the weight and
        with the other's present estimate. The targets depend on the state: the order of preferences matters
        for every algorithm.

        Args:
            x: Features, (d,).
            a: An option's position.
            b: The other option's position.
            y: 1 if ``a`` is preferred, 0 if ``b`` is, 0.5 for a tie; or a probability.
            weight: The preference's weight, in observations.
            lead: Lead of ``a`` over ``b`` by the estimate that the learner's own is added to.

        Raises:
            PolicyError: It cannot learn from preferences, or is not trained.
            InputError: As for :meth:`learn`; or both options are the same, or ``y`` is not from 0 to 1.
        """
        self._check_weighs()
        row = self._queries(np.atleast_2d(x))
        self._check_option(a)
        self._check_option(b)
        if a == b:
            raise InputError(f"a, b: expected two different options, got {a} twice")
        if not 0 <= y <= 1:
            raise InputError(f"y: expected a number from 0 (b is preferred) to 1 (a is preferred), got {y}")
        if not (np.isfinite(weight) and weight > 0):
            raise InputError(f"weight: expected a number above 0, got {weight}")
        mean = self.predict(row).mean[0]
        ahead = 2.0 * y - 1.0 - lead
        self.learn(row[0], a, ahead + mean[b], weight / 2)
        self.learn(row[0], b, mean[a] - ahead, weight / 2)

    def _learn(self, x: Floats, column: int, reward: float, weight: float) -> None:
        """Learn one reward; ``x`` is (1, d)."""
        raise NotImplementedError

    def _check_weighs(self) -> None:
        if not self.weighs:
            raise PolicyError(
                f"{self.registered!r} learns neither from weighted rewards nor from preferences; those that "
                f"do: {self._those('weighs')}"
            )

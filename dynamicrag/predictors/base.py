"""The contract of a predictor: arrays in, an estimate of each option's quality out.

A predictor knows no text, models, prices or LangGraph. It estimates; ``selection.py`` decides::

    predictor = PREDICTORS.build({"knn": {"k": 20}}, where="--routers")
    predictor.fit(X, quality)            # (n, d), (n, k); NaN is an unobserved outcome
    estimate = predictor.predict(X[:1])  # mean and spread, each (1, k)
    predictor.state().save("routers/generator.npz")

Some learn on: ``learn(x, option, reward)`` from one reward, ``learn_pair(x, a, b, y)`` from a preference. The
:class:`~dynamicrag.predictors.online.Learner` s among them need no table: ``start(features, options)``.

To add a predictor, write a file with a subclass that implements ``_fit`` and ``_predict`` and names its
``fitted`` arrays. The base class checks every input once, and passes only options with at least one
observation to ``_fit``, in an order determined by their outcomes: no algorithm receives an empty
column, and none depends on the order of the options.

An unobserved option is predicted at the mean of the others, with the spread ``UNKNOWN`` of
:mod:`.estimate`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynamicrag.errors import InputError
from dynamicrag.predictors import checks
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.estimate import UNKNOWN, Estimate, Neighbours
from dynamicrag.predictors.learning import Learning
from dynamicrag.predictors.state import State, whole
from dynamicrag.registry import Registry

When = Literal["pre-generation", "post-generation", "multi-stage", "online"]
Uses = Literal["query", "model metadata", "response", "feedback"]
How = Literal["heuristic", "supervised", "bandit", "reinforcement learning"]
"""The three axes of the survey "Dynamic Model Routing and Cascading", in the terms of its Table 1."""


class Predictor(Learning, ABC):
    """Estimates the quality of every option from a query's features.

    Not safe for threads that learn while others predict: its router guards it.

    Args:
        seed: Seed of all random draws in fitting.

    Attributes:
        when: The time of its decision. With features of a draft, any predictor decides after generation.
        uses: Its inputs.
        how: Kind of algorithm.
        paper: Source of the method.
        positional: Whether its estimates depend on positions in the list of options, not on outcomes.
    """

    when: ClassVar[tuple[When, ...]] = ("pre-generation",)
    uses: ClassVar[tuple[Uses, ...]] = ("query",)
    how: ClassVar[How] = "supervised"
    paper: ClassVar[str]
    positional: ClassVar[bool] = False

    def __init__(self, *, seed: int = 0) -> None:
        super().__init__()
        self.seed = seed

    @property
    def picked(self) -> Mapping[str, float]:
        """The predictors it consists of, with their shares; empty if it is elementary."""
        return {}

    def fit(
        self,
        X: ArrayLike,
        quality: ArrayLike,
        cost: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        blocks: Sequence[int] | None = None,
    ) -> Self:
        """Learn from an outcome table.

        Args:
            X: Features, (n, d).
            quality: Quality of each option on each query, (n, k); NaN where unobserved.
            cost: Its cost, (n, k, c), or NaN. It is checked, but no predictor here learns from it.
            groups: A label per query, (n,): cross-validation never splits queries with the same label.
            blocks: Number of features of each family, in the order of X's columns, d in sum; one family by
                default. Distances and penalties are fitted per family.

        Returns:
            The predictor itself.

        Raises:
            InputError: Shapes do not agree, blocks do not sum to d, features or qualities are not finite, or
                nothing is observed.
        """
        table = checks.features(X)
        outcomes = checks.outcomes(quality, len(table))
        if cost is not None:
            checks.check_cost(cost, outcomes.shape)
        labels = checks.groups(groups, len(table))
        seen = [option for option in range(outcomes.shape[1]) if not np.isnan(outcomes[:, option]).all()]
        if not seen:
            raise InputError("quality: no outcome was observed; there is nothing to learn from")
        if not self.positional:
            seen.sort(key=lambda option: outcomes[:, option].tobytes())
        self.features = table.shape[1]
        self.blocks = checks.blocks(blocks, self.features)
        self._columns = np.full(outcomes.shape[1], -1, dtype=np.intp)
        self._columns[seen] = np.arange(len(seen))
        self._fit(table, outcomes[:, seen], labels)
        self._complete()
        return self

    def predict(self, X: ArrayLike) -> Estimate:
        """Estimate the quality of every option for every query.

        Args:
            X: Features, (n, d).

        Raises:
            InputError: The number of features differs from training, or features are not finite.
            PolicyError: It is not trained.
        """
        table = self._queries(X)
        estimate = self._predict(table)
        mean = estimate.mean.take(self._columns, axis=1)
        spread = None if estimate.spread is None else estimate.spread.take(self._columns, axis=1)
        if estimate.mean.shape[1] < self.options:
            unknown = self._columns < 0
            mean[:, unknown] = estimate.mean.mean(axis=1, keepdims=True)
            if spread is not None:
                spread[:, unknown] = UNKNOWN
        return Estimate(mean, spread)

    def neighbours(self, X: Floats) -> Neighbours | None:  # noqa: ARG002
        """Return the positions of the nearest training queries, in no order, and their squared distances.

        Args:
            X: Features, (n, d).

        Returns:
            Two arrays, (n, m); ``None`` if no part of the predictor compares queries.
        """
        return None

    def state(self) -> State:
        """Return the complete state of the predictor."""
        self._check_trained()
        learnt = self.pack()
        return State(
            {
                "predictor": self.registered,
                "params": self.params(),
                "features": self.features,
                "blocks": self.blocks,
                "columns": self._columns.tolist(),
                **learnt.meta,
            },
            learnt.arrays,
        )

    @classmethod
    def from_state(cls, state: State, where: str = "state") -> "Predictor":
        """Build a predictor of any kind from a state.

        Raises:
            PolicyError: The state is of an unknown predictor, or lacks a part.
        """
        with whole(where, "whole state of a predictor"):
            spec = {state.meta["predictor"]: dict(state.meta["params"])}
            predictor = PREDICTORS.build(spec, where)
            predictor.features = int(state.meta["features"])
            predictor.blocks = [int(size) for size in state.meta["blocks"]]
            predictor._columns = np.asarray(state.meta["columns"], dtype=np.intp)
            predictor.unpack(state)
        return predictor

    @classmethod
    def load(cls, path: Path | str) -> "Predictor":
        """Load a predictor from a file written by ``state().save(path)``.

        Raises:
            PolicyError: The file is missing, damaged, edited, or of another version.
        """
        return cls.from_state(State.load(path), str(path))

    @abstractmethod
    def _fit(self, X: Floats, quality: Floats, groups: NDArray[Any] | None) -> None:
        """Fit. Each column of ``quality`` has at least one number."""

    def _complete(self) -> None:
        """Give options without an observation a column of their own; by default they have none."""

    @abstractmethod
    def _predict(self, X: Floats) -> Estimate:
        """Estimate every option passed to ``_fit``, in its order."""


PREDICTORS: Registry[Predictor] = Registry("predictor", "dynamicrag.predictors", Predictor)
Predictor.family = PREDICTORS

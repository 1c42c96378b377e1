"""The contract of a predictor: arrays in, an estimate of each option's quality out.

A predictor knows no text, models, prices or LangGraph. It estimates; ``selection.py`` decides::

    predictor = PREDICTORS.build({"knn": {"k": 20}}, where="--routers")
    predictor.fit(X, quality)            # (n, d), (n, k); NaN is an unobserved outcome
    estimate = predictor.predict(X[:1])  # mean and spread, each (1, k)
    predictor.state().save("routers/generator.npz")

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

from dynamicrag.errors import InputError, PolicyError
from dynamicrag.predictors import checks
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.estimate import UNKNOWN, Estimate, Neighbours
from dynamicrag.predictors.persistent import Persistent
from dynamicrag.predictors.state import MEND, State, whole
from dynamicrag.registry import Registry

When = Literal["pre-generation", "post-generation", "multi-stage", "online"]
Uses = Literal["query", "model metadata", "response", "feedback"]
How = Literal["heuristic", "supervised", "bandit", "reinforcement learning"]
"""The three axes of the survey "Dynamic Model Routing and Cascading", in the terms of its Table 1."""


class Predictor(Persistent, ABC):
    """Estimates the quality of every option from a query's features.

    Not safe for threads that learn while others predict: its router guards it.

    Args:
        seed: Seed of all random draws in fitting.

    Attributes:
        when: The time of its decision. With features of a draft, any predictor decides after generation.
        uses: Its inputs.
        how: Kind of algorithm.
        paper: Source of the method.
        online: Whether it learns from single rewards.
        grows: Whether it accepts new options without retraining.
        positional: Whether its estimates depend on positions in the list of options, not on outcomes.
        options: Number of options, k.
        features: Number of features, d.
        blocks: Number of features of each non-empty family.
    """

    when: ClassVar[tuple[When, ...]] = ("pre-generation",)
    uses: ClassVar[tuple[Uses, ...]] = ("query",)
    how: ClassVar[How] = "supervised"
    paper: ClassVar[str]
    online: ClassVar[bool] = False
    grows: ClassVar[bool] = False
    positional: ClassVar[bool] = False

    def __init__(self, *, seed: int = 0) -> None:
        self.seed = seed
        self.features = 0
        self.blocks: list[int] = []
        # column of each option among the algorithm's estimates; -1: unobserved
        self._columns: NDArray[np.intp] = np.empty(0, dtype=np.intp)

    @property
    def options(self) -> int:
        """Number of options; 0 before training."""
        return len(self._columns)

    @property
    def picked(self) -> Mapping[str, float]:
        """The predictors it consists of, with their shares; empty if it is elementary."""
        return {}

    @property
    def anchors(self) -> int:
        """Number of qualities for ``add_option``: by default one per training query."""
        raise NotImplementedError

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

    def learn(self, x: ArrayLike, option: int, reward: float) -> None:
        """Learn online from the reward of ``option`` on one query.

        Args:
            x: Features, (d,).
            option: The option's position.
            reward: Its quality.

        Raises:
            PolicyError: It cannot learn online, or is not trained.
            InputError: As for :meth:`predict`; or the option is unknown or the reward is not finite.
        """
        if not self.online:
            raise PolicyError(f"{self.registered!r} does not learn online; those that do: {_those('online')}")
        row = self._queries(np.atleast_2d(x))
        if not 0 <= option < self.options:
            raise InputError(f"option: expected 0 to {self.options - 1}, got {option}")
        if not np.isfinite(reward):
            raise InputError(f"reward: expected a finite number, got {reward}")
        if self._columns[option] < 0:  # the first observation of it
            self._place(option, np.full(self.anchors, np.nan))
        self._learn(row, int(self._columns[option]), float(reward))

    def add_option(self, quality: ArrayLike | None = None) -> None:
        """Add an option at the end of the list.

        Args:
            quality: Its quality at each of the predictor's :attr:`anchors`, NaN where unobserved; ``None`` if
                nothing is known yet.

        Raises:
            PolicyError: It needs retraining for new options, or is not trained.
            InputError: The number of qualities differs from the anchors, or one is infinite.
        """
        self._check_grows()
        known = np.full(self.anchors, np.nan)
        if quality is not None:
            known = checks.outcomes(np.atleast_2d(quality).T, self.anchors)[:, 0]
        self._columns = np.append(self._columns, -1)
        if not np.isnan(known).all():
            self._place(self.options - 1, known)

    def at_anchors(self, X: ArrayLike, quality: ArrayLike) -> Floats:
        """Return an option's quality on some queries in the form for :meth:`add_option`.

        Args:
            X: The queries' features, (n, d).
            quality: Its quality on them, (n,); NaN where unobserved.

        Returns:
            One number per anchor; NaN at anchors without a matching query.

        Raises:
            PolicyError: As :meth:`add_option`.
            InputError: As :meth:`predict`, or the number of qualities differs from the queries, or one is
                infinite.
        """
        self._check_grows()
        table = self._queries(X)
        given = checks.outcomes(np.atleast_2d(quality).T, len(table))[:, 0]
        seen = ~np.isnan(given)
        if not seen.any():
            return np.full(self.anchors, np.nan)
        return self._at_anchors(table[seen], given[seen])

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

    @abstractmethod
    def _predict(self, X: Floats) -> Estimate:
        """Estimate every option passed to ``_fit``, in its order."""

    def _learn(self, x: Floats, column: int, reward: float) -> None:
        """Learn one reward; ``x`` is (1, d)."""
        raise NotImplementedError

    def _grow(self, quality: Floats) -> None:
        """Append a column; all NaN if nothing is known."""
        raise NotImplementedError

    def _at_anchors(self, X: Floats, quality: Floats) -> Floats:  # noqa: ARG002
        """Return the quality at every anchor; by default the mean, which ignores the position of queries."""
        return np.full(self.anchors, quality.mean())

    def _place(self, option: int, quality: Floats) -> None:
        self._grow(quality)
        self._columns[option] = self._columns.max() + 1

    def _check_grows(self) -> None:
        if not self.grows:
            raise PolicyError(
                f"{self.registered!r} takes no new option without training: {MEND}, "
                f"or use one of these: {_those('grows')}"
            )
        self._check_trained()

    def _check_trained(self) -> None:
        if not self.options:
            raise PolicyError(f"{self.registered!r} is not trained yet; fit it, or load a trained one")

    def _queries(self, X: ArrayLike) -> Floats:
        self._check_trained()
        table = checks.features(X)
        if table.shape[1] != self.features:
            raise InputError(
                f"X: {self.registered!r} was trained on {self.features} features a query, got "
                f"{table.shape[1]}; use the features it was trained with"
            )
        return table


PREDICTORS: Registry[Predictor] = Registry("predictor", "dynamicrag.predictors", Predictor)


def _those(flag: str) -> str:
    return ", ".join(name for name in PREDICTORS if getattr(PREDICTORS[name], flag))

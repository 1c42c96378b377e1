"""The options of a predictor, which may join and leave, as columns of its fitted arrays."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynamicrag.errors import InputError, PolicyError
from dynamicrag.predictors import checks
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.persistent import Persistent
from dynamicrag.predictors.state import MEND
from dynamicrag.registry import Registry


class Growing(Persistent):
    """The part of a predictor's contract that adds and removes options, and checks its input.

    Attributes:
        family: The registry of all predictors.
        features: Number of features, d; 0 before training.
        blocks: Number of features of each non-empty family.
        grows: Whether it accepts new options without retraining, and releases old ones.
        per_option: Names of its arrays that have an axis over options, and that axis.
    """

    family: ClassVar[Registry[Any]]
    grows: ClassVar[bool] = False
    per_option: ClassVar[Sequence[tuple[str, int]]] = ()

    def __init__(self) -> None:
        self.features = 0
        self.blocks: list[int] = []
        # column of each option among the algorithm's estimates; -1: unobserved
        self._columns: NDArray[np.intp] = np.empty(0, dtype=np.intp)

    @property
    def options(self) -> int:
        """Number of options; 0 before training."""
        return len(self._columns)

    @property
    def anchors(self) -> int:
        """Number of qualities for ``add_option``: by default one, the option's mean quality."""
        return 1

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

    def remove_option(self, index: int) -> None:
        """Remove an option; those after it move up by one position.

        Args:
            index: The option's position.

        Raises:
            PolicyError: It needs retraining for other options, or is not trained.
            InputError: There is no such option, or no option with an observation would be left.
        """
        self._check_grows()
        self._check_option(index)
        column = self._columns[index]
        left = np.delete(self._columns, index)
        if not (left >= 0).any():
            raise InputError(
                f"option: {index} is the only option with an observation; add another before it is removed"
            )
        if column >= 0:
            self._shrink(int(column))
            left[left > column] -= 1
        self._columns = left

    def at_anchors(self, X: ArrayLike, quality: ArrayLike) -> Floats:
        """Return an option's quality on some queries in the form for :meth:`add_option`.

        Args:
            X: The queries' features, (n, d).
            quality: Its quality on them, (n,); NaN where unobserved.

        Returns:
            One number per anchor; NaN at anchors without a matching query.

        Raises:
            PolicyError: As :meth:`add_option`.
            InputError: The number of features differs from training, features are not finite, the number of
                qualities differs from the queries, or one is infinite.
        """
        self._check_grows()
        table = self._queries(X)
        given = checks.outcomes(np.atleast_2d(quality).T, len(table))[:, 0]
        seen = ~np.isnan(given)
        if not seen.any():
            return np.full(self.anchors, np.nan)
        return self._at_anchors(table[seen], given[seen])

    def _grow(self, quality: Floats) -> None:
        """Append a column; all NaN if nothing is known."""
        raise NotImplementedError

    def _shrink(self, column: int) -> None:
        """Delete a column."""
        for name, axis in self.per_option:
            setattr(self, name, np.delete(getattr(self, name), column, axis))

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
                f"or use one of these: {self._those('grows')}"
            )
        self._check_trained()

    def _check_trained(self) -> None:
        if not self.options:
            raise PolicyError(f"{self.registered!r} is not trained yet; fit it, or load a trained one")

    def _check_option(self, option: int) -> None:
        if not 0 <= option < self.options:
            raise InputError(f"option: expected 0 to {self.options - 1}, got {option}")

    def _queries(self, X: ArrayLike) -> Floats:
        self._check_trained()
        table = checks.features(X)
        if table.shape[1] != self.features:
            raise InputError(
                f"X: {self.registered!r} was trained on {self.features} features a query, got "
                f"{table.shape[1]}; use the features it was trained with"
            )
        return table

    def _those(self, flag: str) -> str:
        """Return the names of the predictors with a capability."""
        return ", ".join(name for name in self.family if getattr(self.family[name], flag))

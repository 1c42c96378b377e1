"""A trained estimator: features, a predictor, and facts of its training.

It estimates the quality of each named option for questions. It is saved as one file, without code::

    estimator.state().save("routers/generator")
    Estimator.load("routers/generator", embed)
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from dynamicrag.errors import PolicyError
from dynamicrag.features.base import Embed, FeatureSet, Seen
from dynamicrag.predictors.base import Predictor
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.estimate import Estimate
from dynamicrag.predictors.state import State, whole


@dataclass(frozen=True, slots=True)
class About:
    """Facts of an estimator's training.

    Attributes:
        stage: The stage that it decides; ``""`` for any with these options.
        table: Name of the outcome table.
        origin: Hashes of the recorded policy's parts, as far as all rows agree.
        quality: Mean quality per option, (k,).
        costs: Mean cost per option, (k,), by name.
        queries: Id and beginning of every training query, in order; empty if they were left out.
    """

    stage: str = ""
    table: str = ""
    origin: Mapping[str, str] = field(default_factory=dict)
    quality: Sequence[float] = ()
    costs: Mapping[str, Sequence[float]] = field(default_factory=dict)
    queries: Sequence[Sequence[str]] = ()


@dataclass(frozen=True, slots=True)
class Estimator:
    """Fitted features and a fitted predictor.

    Attributes:
        options: Names of the options, in the predictor's order.
        features: Turns queries into numbers.
        predictor: Turns numbers into an estimate per option.
        centre: Mean of the training queries' features, (d,).
        about: Facts of its training.
        where: Its source, for messages.
    """

    options: tuple[str, ...]
    features: FeatureSet
    predictor: Predictor
    centre: Floats
    about: About = field(default_factory=About)
    where: str = "router"

    @classmethod
    def fit(
        cls,
        queries: Sequence[Seen],
        quality: Floats,
        options: Sequence[str],
        *,
        features: FeatureSet,
        predictor: Predictor,
        about: About | None = None,
        groups: ArrayLike | None = None,
    ) -> "Estimator":
        """Fit features and predictor on training queries.

        Args:
            queries: The queries, n of them.
            quality: Observed quality of each option, (n, k); NaN where unobserved.
            options: The options' names.
            features: Unfitted features.
            predictor: Unfitted predictor.
            about: Facts of the training.
            groups: As :meth:`Predictor.fit`.

        Raises:
            InputError: As :meth:`Predictor.fit`.
        """
        X = features.fit_transform(queries)
        predictor.fit(X, quality, groups=groups, blocks=features.blocks)
        return cls(tuple(options), features, predictor, X.mean(axis=0), about or About())

    def estimate(self, queries: Sequence[Seen]) -> Estimate:
        """Estimate the quality of every option, (n, k) each.

        Raises:
            PolicyError: The parts of a loaded state do not fit each other.
        """
        with whole(self.where, "trained router"):
            return self.predictor.predict(self.features.transform(queries))

    def effects(self, query: Seen, option: str, rival: str) -> list[tuple[str, float]]:
        """Return the weight of each feature for an option against another, heaviest first.

        The effect is the decrease of the predicted lead when the feature takes its mean over the training
        queries; families without interpretable single features count as a whole.

        Returns:
            Names and effects, in units of quality; effects below a thousandth are left out.
        """
        ahead, behind = self.options.index(option), self.options.index(rival)
        x = self.features.transform([query])[0]
        pieces = self._pieces()
        table = np.tile(x, (len(pieces) + 1, 1))
        for row, where in enumerate(pieces.values(), 1):
            table[row, where] = self.centre[where]
        mean = self.predictor.predict(table).mean
        lead = mean[:, ahead] - mean[:, behind]
        found = [(name, float(lead[0] - lead[row])) for row, name in enumerate(pieces, 1)]
        return sorted((f for f in found if abs(f[1]) >= 1e-3), key=lambda f: -abs(f[1]))

    def neighbours(self, query: Seen, most: int = 3) -> list[tuple[str, str, float]]:
        """Return id, beginning and distance of the nearest training queries, if the predictor has any."""
        found = self.predictor.neighbours(self.features.transform([query])) if self.about.queries else None
        if found is None:
            return []
        where, squares = (rows[0] for rows in found)
        order = np.argsort(squares, kind="stable")[:most]
        # online examples come after the training queries, and have no text
        known = [i for i in order if where[i] < len(self.about.queries)]
        return [(*self.about.queries[where[i]][:2], float(np.sqrt(squares[i]))) for i in known]

    def state(self) -> State:
        """Return the complete state of the estimator."""
        parts = {"features": self.features.state(), "predictor": self.predictor.state()}
        facts = {"options": list(self.options), "about": asdict(self.about)}
        return State.of(facts, parts, centre=self.centre)

    @classmethod
    def load(cls, path: Path | str, embed: Embed | None = None) -> "Estimator":
        """Load an estimator from a file written by ``state().save(path)``.

        Args:
            path: The file; its suffix ``.npz`` may be left out.
            embed: The embedding model, if its features need one.

        Raises:
            PolicyError: The file is missing, damaged, edited, of another version, or not for a single stage.
        """
        state = State.load(path)
        if "paths" in state.meta:
            raise PolicyError(
                f"{path}: this router decides whole paths, not one stage; use it as 'joint', or train one "
                "of the stage ('dynamicrag train stage --stage')"
            )
        return cls.from_state(state, embed, str(path))

    @classmethod
    def from_state(cls, state: State, embed: Embed | None = None, where: str = "state") -> "Estimator":
        """Build an estimator from a state.

        Raises:
            PolicyError: The state lacks a part.
        """
        with whole(where, "trained router"):
            estimator = cls(
                options=tuple(map(str, state.meta["options"])),
                features=FeatureSet.from_state(state.part("features"), embed, where),
                predictor=Predictor.from_state(state.part("predictor"), where),
                centre=state.arrays["centre"],
                about=About(**state.meta["about"]),
                where=where,
            )
            estimator._try()
        return estimator

    def _try(self) -> None:
        """Estimate once, to detect parts that do not fit each other before the first question.

        Raises:
            ValueError: They do not fit.
        """
        wide, many = len(self.features.names), len(self.options)
        if self.centre.shape != (wide,) or not np.isfinite(self.centre).all():
            raise ValueError(f"'centre' must have {wide} finite numbers")
        mean = self.predictor.predict(self.centre[None].astype(float)).mean
        if mean.shape != (1, many) or not np.isfinite(mean).all():
            raise ValueError(f"it does not give a finite quality for each of its {many} options")
        for name, values in {"quality": self.about.quality, **self.about.costs}.items():
            if len(values) not in (0, many) or not all(isinstance(value, int | float) for value in values):
                raise ValueError(f"{name!r} is not a number for each of the {many} options")

    def _pieces(self) -> dict[str, list[int]]:
        """Return the columns of every separately reported feature."""
        pieces: dict[str, list[int]] = {}
        names = self.features.names
        opaque = {part.registered for part in self.features.parts if part.opaque}
        for column, name in enumerate(names):
            family = name.partition(":")[0]
            pieces.setdefault(family if family in opaque else name, []).append(column)
        return pieces

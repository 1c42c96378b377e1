"""The prior of generator and retrieval: an item-response model of questions and models' abilities.

For a question with features x, a model of ability θ and a retrieval strategy s::

    logit P(right) = c(s) + w(s)·x  +  (θ − θ₀)·(a(s) + u(s)·x)  +  ln(tokens read / 1000)·(b(s) + v(s)·x)
                     + e(s, model) + f(s, model)·x

The first two terms are the question's ease, the third its discrimination (Birnbaum's two-parameter model),
and the fourth the effect of the passages read, which is 0 without retrieval. The last line is the deviation
of a model in the training tables, a random effect of mean 0; a model never seen has none. The gain of
retrieval falls with θ where a(none) exceeds a(single).

Do not skip a user's documents on this estimate. In the training tables the strategy ``none`` answers public
trivia that models know by heart, and a user's documents are in no model. Price ``none`` only for questions
that need no documents. The estimate is meant for choosing among models, and between ``single`` and
``iterative``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynamicrag.errors import PolicyError, unknown
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.state import State
from dynamicrag.priors.leverage import Leverage
from dynamicrag.priors.questions import QuestionFeatures

STRATEGIES: Sequence[str] = ("none", "single", "iterative")
CENTRE = 1.0
"""θ₀, in the middle of the training models: an accuracy of .73."""
READ = 1000.0
"""Tokens of passages in the prompt at which the fourth term is 0."""
EASE, ABILITY, READING = range(3)
"""Position of the shared terms; those of the models follow."""
REMEMBERED = 256
"""Number of questions, and of pools of models, kept per process."""


@dataclass(frozen=True, slots=True)
class Logits:
    """Logits of the probability of a right answer, with their standard deviation.

    Attributes:
        logit: Logit, (s, m) for s strategies and m models, or (m,) for a gain.
        spread: Its standard deviation, of the same shape, in logits.
    """

    logit: Floats
    spread: Floats


class Asked(NamedTuple):
    """A question as the model reads it: the terms' products with x, (s, terms), and the variance of w·x."""

    terms: Floats
    variance: float


class _Pool(NamedTuple):
    """The models of a policy: factors of x (terms, m) and of 1 (s, m), and of the spread (m,) and (s, m)."""

    slopes: Floats
    level: Floats
    known: Floats
    deviation: Floats


@dataclass(frozen=True, slots=True)
class Generation:
    """The fitted model.

    Attributes:
        features: From a question to x.
        weights: Weights of x, (terms, s, d): the shared terms, then a term per model in ``models``.
        intercepts: Intercepts of the same terms, (terms, s).
        models: Names of the models in the training tables.
        abilities: Least and greatest θ of these: beyond, u(s)·x stays at the end; a(s) continues.
        reads: Least and greatest number of tokens read in the tables; beyond, the end counts.
        leverage: Distance of a question from the training questions.
        unseen: Standard deviation in logits of a model never seen, per strategy, (s,).
    """

    features: QuestionFeatures
    weights: Floats
    intercepts: Floats
    models: Sequence[str]
    abilities: tuple[float, float]
    reads: tuple[float, float]
    leverage: Leverage
    unseen: Floats
    _rows: NDArray[np.float32] = field(init=False, repr=False)
    _pools: dict[tuple[Any, ...], _Pool] = field(init=False, repr=False, default_factory=dict)
    _questions: dict[tuple[str, bytes], Asked] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        # weights and axes in one matrix: a question costs one product
        rows = np.concatenate([self.weights.reshape(-1, self.weights.shape[-1]), self.leverage.axes])
        object.__setattr__(self, "_rows", rows.astype(np.float32))

    def question(self, text: str, vector: NDArray[np.float32] | None = None) -> Asked:
        """Return a question as the model reads it; every stage of a query asks for it, so it is kept.

        Args:
            text: The question.
            vector: Its embedding, (d,); ``None`` without an embedder.
        """
        key = text, b"" if vector is None else vector.tobytes()
        asked = self._questions.get(key)
        if asked is None:
            if len(self._questions) >= REMEMBERED:
                self._questions.clear()
            asked = self._questions[key] = self.asked(self.features.row(text, vector))
        return asked

    def asked(self, x: ArrayLike) -> Asked:
        """Return the question of features from ``features.row``, (d,)."""
        row = np.asarray(x, dtype=np.float32)
        product = (self._rows @ row).astype(np.float64)
        split = self.intercepts.size
        variance = self.leverage.of(product[split:], float(row @ row))
        terms = product[:split].reshape(self.intercepts.shape).T * self.leverage.trust(variance)
        return Asked(terms, variance)

    def logits(
        self,
        asked: Asked,
        theta: ArrayLike,
        strategies: Sequence[str] = STRATEGIES,
        *,
        models: Sequence[str] = (),
        read: ArrayLike = READ,
    ) -> Logits:
        """Estimate every strategy with every model on one question.

        The estimate of a question unlike the training questions shrinks to the mean question's: its deviation
        is multiplied by :meth:`Leverage.trust`, and its spread grows.

        Args:
            asked: The question.
            theta: Ability of each model, (m,): the logit of a public accuracy on the scale of MMLU.
            strategies: Names of retrieval strategies.
            models: Family name of each model, (m,); one in ``self.models`` adds that model's deviation.
            read: Tokens of the passages in the prompt, where a strategy retrieves: one number, or (m,).

        Returns:
            Logits and spread, (s, m).

        Raises:
            PolicyError: Unknown strategy.
        """
        pool = self._pool(_floats(theta), tuple(models), _floats(read))
        logit = asked.terms @ pool.slopes + pool.level
        spread = np.sqrt(asked.variance * pool.known + pool.deviation)
        if len(strategies) == 1:  # a slice is faster
            row = _strategy(strategies[0])
            return Logits(logit[row : row + 1], spread[row : row + 1])
        if strategies is not STRATEGIES:
            rows = [_strategy(name) for name in strategies]
            logit, spread = logit[rows], spread[rows]
        return Logits(logit, spread)

    def _pool(self, theta: tuple[float, ...], models: tuple[str, ...], read: tuple[float, ...]) -> _Pool:
        """Return the figures that do not depend on the question; the few pools of a policy are kept."""
        key = (theta, models, read)
        if (made := self._pools.get(key)) is None:
            if len(self._pools) >= REMEMBERED:
                self._pools.clear()
            made = self._pools[key] = self._made(
                np.array(theta), models or ("",) * len(theta), np.array(read)
            )
        return made

    def _made(self, theta: Floats, models: Sequence[str], read: Floats) -> _Pool:
        slopes = np.zeros((len(self.intercepts), len(theta)))
        slopes[EASE] = 1
        slopes[ABILITY] = theta - CENTRE
        slopes[READING] = np.log(read.clip(*self.reads) / READ)
        known = [name in self.models for name in models]
        for column, name in enumerate(models):
            if known[column]:
                slopes[READING + 1 + self.models.index(name), column] = 1
        level = self.intercepts.T @ slopes
        # beyond the abilities of the tables a question's discrimination stays as at their end
        slopes[ABILITY] = theta.clip(*self.abilities) - CENTRE
        deviation = np.where(known, 0.0, self.unseen[:, None] ** 2)
        # the weights of ability are known about as well as those of ease
        return _Pool(slopes, level, 1 + slopes[ABILITY] ** 2, deviation)

    def state(self) -> State:
        """Return the complete state."""
        meta: dict[str, Any] = {
            "models": list(self.models),
            "strategies": list(STRATEGIES),
            "abilities": list(self.abilities),
            "reads": list(self.reads),
        }
        parts = {"features": self.features.state(), "leverage": self.leverage.state()}
        return State.of(
            meta,
            parts,
            weights=self.weights.astype(np.float32),
            intercepts=self.intercepts,
            unseen=self.unseen,
        )

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Restore the model.

        Raises:
            ValueError: Its arrays do not fit together.
        """
        features = QuestionFeatures.from_state(state.part("features"))
        weights = np.asarray(state.arrays["weights"], dtype=np.float64)
        models = tuple(map(str, state.meta["models"]))
        if weights.shape != (READING + 1 + len(models), len(STRATEGIES), features.size):
            raise ValueError(f"weights of shape {weights.shape} do not fit its models and features")
        low, high = map(float, state.meta["abilities"])
        least, most = map(float, state.meta["reads"])
        return cls(
            features,
            weights,
            np.asarray(state.arrays["intercepts"], dtype=np.float64),
            models,
            (low, high),
            (least, most),
            Leverage.from_state(state.part("leverage")),
            np.asarray(state.arrays["unseen"], dtype=np.float64),
        )


def _floats(values: ArrayLike) -> tuple[float, ...]:
    if isinstance(values, int | float):
        return (float(values),)
    if isinstance(values, list | tuple):  # a detour over an array takes longer than all else here
        return tuple(map(float, values))
    return tuple(np.atleast_1d(np.asarray(values, dtype=np.float64)).tolist())


def _strategy(name: str) -> int:
    if name not in STRATEGIES:
        raise PolicyError(unknown("prior", "retrieval strategy", name, STRATEGIES))
    return STRATEGIES.index(name)

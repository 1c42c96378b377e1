"""Fits the item-response model by penalised maximum likelihood."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.checks import Floats
from dynamicrag.priors.generation import CENTRE, EASE, READ, READING, STRATEGIES

MOST_STEPS = 300
PRECISION = 1e-6
"""Relative change of the objective at which the fit stops."""


@dataclass(frozen=True, slots=True)
class Penalty:
    """Precisions of the Gaussian priors: of weights common to the strategies, of their own, of intercepts.

    Chosen by the likelihood of held-out questions, with all models and with one left out, on
    ``strategy_x_llm_dev_500``.

    Attributes:
        shared: Precision of the weights that all strategies share.
        own: Precision of each strategy's own weights.
        intercept: Precision of the intercepts.
        centre: Prior mean of the intercepts, per strategy.
    """

    shared: float
    own: float
    intercept: float
    centre: Sequence[float] = (0.0, 0.0, 0.0)


ABILITY_COUNTS = (0.7, 0.3, 0.3)
"""Prior mean of the logits that one logit of ability adds, per strategy.

Five models cannot tell a slope from their own deviations, and two of them were tuned on such questions with
passages. The prior keeps the sign: a stronger model reads better. Local models of 135M, 0.5B and 1.5B
parameters with the gold passage in the prompt get .47, .63 and .67 of 60 Natural Questions right.
"""
PENALTIES: Sequence[Penalty] = (
    Penalty(600, 2000, 0.01),
    Penalty(1000, 3000, 30, ABILITY_COUNTS),
    Penalty(3000, 10000, 0.5),
)
"""Of ease, ability and reading."""
DEVIATION = Penalty(2000, 2000, 3)
"""Of the deviation of a model."""


@dataclass(frozen=True, slots=True)
class Responses:
    """Outcomes of n questions with s strategies and m models.

    Attributes:
        X: Features of the questions, (n, d).
        quality: Quality from 0 to 1, (n, s, m); NaN where unobserved.
        models: Names of the models.
        theta: Their abilities, (m,).
        read: Tokens of the passages that each reads after a single retrieval, (m,).
    """

    X: Floats
    quality: Floats
    models: Sequence[str]
    theta: Floats
    read: Floats

    def take(self, rows: NDArray[np.intp]) -> Self:
        """Return the responses to some questions."""
        return replace(self, X=self.X[rows], quality=self.quality[rows])

    def without(self, models: Sequence[str]) -> Self:
        """Return the responses of all models but some."""
        kept = [index for index, name in enumerate(self.models) if name not in models]
        return replace(
            self,
            quality=self.quality[:, :, kept],
            models=[self.models[index] for index in kept],
            theta=self.theta[kept],
            read=self.read[kept],
        )

    def design(self) -> Floats:
        """Return the factor of every term for every strategy and model, (s, m, terms)."""
        count = len(self.models)
        table = np.zeros((len(STRATEGIES), count, READING + 1 + count))
        table[:, :, EASE] = 1
        table[:, :, EASE + 1] = self.theta - CENTRE
        table[1:, :, READING] = np.log(self.read / READ)
        table[:, :, READING + 1 :] = np.eye(count)
        return table


@dataclass(frozen=True, slots=True)
class Fit:
    """Fitted weights (terms, s, d), and intercepts (terms, s)."""

    weights: Floats
    intercepts: Floats

    def logits(self, X: Floats, design: Floats) -> Floats:
        """Return logits, (n, s, m), for the terms of ``design``."""
        terms, strategies, size = self.weights.shape
        own = (X @ self.weights.reshape(-1, size).T).reshape(len(X), terms, strategies) + self.intercepts
        made = np.matmul(own.transpose(2, 0, 1), design.transpose(0, 2, 1))
        return np.asarray(made.transpose(1, 0, 2))


def fit(data: Responses) -> Fit:
    """Fit the model; the same data give the same numbers.

    The weights of a term are a part shared by the strategies plus one of each strategy's own, so that what
    makes a question hard is learnt from all of them together.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    strategies, size = len(STRATEGIES), data.X.shape[1]
    design = data.design()
    terms = design.shape[-1]
    penalties = [*PENALTIES, *([DEVIATION] * len(data.models))]
    # parameters are scaled to unit precision: the optimiser then needs a third of the steps
    scale = np.array([[p.shared, *([p.own] * strategies)] for p in penalties])[:, :, None] ** -0.5
    of_intercept = np.array([p.intercept for p in penalties])[:, None]
    centres = np.array([p.centre for p in penalties])
    observed = (~np.isnan(data.quality)).astype(np.float64)
    quality = np.nan_to_num(data.quality)
    split = terms * (strategies + 1) * size

    def unpacked(flat: Floats) -> Fit:
        parts = flat[:split].reshape(terms, strategies + 1, size) * scale
        return Fit(parts[:, :1] + parts[:, 1:], flat[split:].reshape(terms, strategies))

    def objective(flat: Floats) -> tuple[float, Floats]:
        made = unpacked(flat)
        logit = made.logits(data.X, design)
        loss = (observed * (np.logaddexp(0, logit) - quality * logit)).sum()
        wrong = observed * (expit(logit) - quality)
        residual = np.matmul(wrong.transpose(1, 0, 2), design).transpose(2, 0, 1)
        own = (residual.reshape(-1, len(logit)) @ data.X).reshape(terms, strategies, size)
        slope = np.concatenate([own.sum(axis=1, keepdims=True), own], axis=1) * scale
        penalty = (
            0.5 * (flat[:split] ** 2).sum() + 0.5 * (of_intercept * (made.intercepts - centres) ** 2).sum()
        )
        of_intercepts = residual.sum(axis=2) + of_intercept * (made.intercepts - centres)
        gradient = np.concatenate([slope.ravel() + flat[:split], of_intercepts.ravel()])
        return float(loss + penalty), gradient

    start = np.zeros(split + terms * strategies)
    found = minimize(
        objective, start, jac=True, method="L-BFGS-B",
        options={"maxiter": MOST_STEPS, "maxcor": 20, "ftol": PRECISION},
    )  # fmt: skip
    made = unpacked(np.asarray(found.x))
    made.weights[READING, 0] = 0.0  # without retrieval nothing is read
    return made

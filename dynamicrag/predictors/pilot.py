"""LinUCB that starts from weights learnt offline."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from dynamicrag.predictors.base import PREDICTORS
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.estimate import Estimate
from dynamicrag.predictors.linucb import LinUCB


@PREDICTORS.register("pilot")
class Pilot(LinUCB):
    """LinUCB on unit vectors whose prior is the weights of an offline table, ``A = λₐI``, ``b = λₐ·θ_pref``.

    Preference-prior informed LinUCB, Panda et al. 2025 (arXiv 2508.21141). The estimate is the cosine between
    x and an option's weights. ``fit`` on a table of qualities, or of preferences as 0, 0.5 and 1, gives
    θ_pref by ridge regression; before the first reward the weights are exactly θ_pref. Only the abstract and
    restatements of the paper could be read: the authors learn θ_pref and an embedding of the queries from
    human preferences, and their λₐ is not known here.

    A cosine has no level: two options whose quality differs by a constant look the same. Without it, the
    estimate is a quality, and can be traded against prices.

    Args:
        alpha: α: the spreads added to the estimate.
        trust: λₐ: the weight of the prior, in observations; larger for a better table.
        ridge: The penalty of the regression on the table, in observations per unit of x.
        cosine: Whether the estimate is the cosine, instead of a quality.
        seed: Not used.
    """

    beside: ClassVar[Mapping[str, Any]] = {"cosine": False}  # a cosine is no quality to be added to one
    paper = "Panda et al. 2025, PILOT, arXiv 2508.21141"

    def __init__(
        self,
        *,
        alpha: float = 1.0,
        trust: float = 1.0,
        ridge: float = 1.0,
        cosine: bool = True,
        seed: int = 0,
    ) -> None:
        super().__init__(alpha=alpha, ridge=ridge, seed=seed)
        if not 0 < trust < float("inf"):
            raise ValueError(f"trust: expected a number above 0, got {trust}")
        self.trust = trust
        self.cosine = cosine

    @property
    def _penalty(self) -> float:
        return self.trust

    def _rows(self, X: Floats) -> Floats:
        rows = super()._rows(X)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return rows / np.where(lengths > 0, lengths, 1.0)

    def _fit_rows(self, rows: Floats, quality: Floats) -> None:
        level = np.zeros(quality.shape[1]) if self.cosine else np.nanmean(quality, axis=0)
        self._reset(level)
        for column, outcomes in enumerate(quality.T):
            seen = ~np.isnan(outcomes)
            known = rows[seen]
            penalised = known.T @ known + self.ridge * np.eye(rows.shape[1])
            self.prior[column] = np.linalg.solve(penalised, known.T @ (outcomes[seen] - level[column]))
        self.b = self._penalty * self.prior
        self._solve()

    def _predict(self, X: Floats) -> Estimate:
        estimate = super()._predict(X)
        if not self.cosine:
            return estimate
        lengths = np.linalg.norm(self._theta, axis=1)
        return Estimate(estimate.mean / np.where(lengths > 0, lengths, 1.0), estimate.spread)

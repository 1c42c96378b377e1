"""The estimates that are judged beside each other, each fitted on training questions alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from dynamicrag.lab.priors.generation import assembled, responses
from dynamicrag.lab.priors.item_response import fit
from dynamicrag.lab.priors.pool import PRICES, Pool
from dynamicrag.lab.priors.sources import SUBJECTS
from dynamicrag.lab.priors.tables import Grid
from dynamicrag.predictors.checks import Floats
from dynamicrag.priors.generation import STRATEGIES
from dynamicrag.priors.questions import QuestionFeatures

MEANS = "means alone"
Rows = NDArray[np.intp]
Contender = Callable[[Rows, Rows], Floats]
"""From training rows and rows to estimate to the estimated quality of every option, (n, k)."""


@dataclass(frozen=True, slots=True)
class ItemResponse:
    """The item-response model as it ships, without the outcomes of some models.

    Attributes:
        grid: The outcomes.
        vectors: Unit vectors of the questions, (n, e); ``None`` for lexical features alone.
        columns: Positions in the grid of the models to estimate.
        unseen: Names in the grid of the models whose outcomes are left out of training.
    """

    grid: Grid
    vectors: ArrayLike | None
    columns: Sequence[int]
    unseen: Sequence[str] = ()

    def __call__(self, train: Rows, rows: Rows) -> Floats:
        """Fit on the training rows, and estimate the quality of every option on others, (n, s·m)."""
        questions = self.grid.questions
        given = None if self.vectors is None else np.asarray(self.vectors)
        own = None if given is None else given[train]
        features = QuestionFeatures.fit([questions[i] for i in train], own)
        X = np.empty((len(questions), features.size))
        for i in (*train, *rows):
            X[i] = features.row(questions[i], None if given is None else given[i])
        data = responses(self.grid, X).take(train).without([SUBJECTS[name].model for name in self.unseen])
        model = assembled(features, data, fit(data), np.zeros(len(STRATEGIES)))
        asked = [SUBJECTS[self.grid.subjects[column]] for column in self.columns]
        theta, names = [each.theta for each in asked], [each.model for each in asked]
        read = self.grid.read[list(self.columns)]
        logits = [model.logits(model.asked(X[i]), theta, models=names, read=read).logit.ravel() for i in rows]
        return np.asarray(expit(np.stack(logits)))


def means(quality: Floats) -> Contender:
    """Return the estimate of every option by its mean on the training rows."""
    return lambda train, rows: np.broadcast_to(quality[train].mean(axis=0), (len(rows), quality.shape[1]))


def contenders(grid: Grid, vectors: ArrayLike, options: Pool) -> Mapping[str, Contender]:
    """Return all estimates by name; of a model unseen only the public ability is known."""

    def without(*names: str) -> Contender:
        return ItemResponse(grid, vectors, options.columns, names)

    return {
        MEANS: means(options.quality),
        "learnt": without(),
        "learnt, lexical features": ItemResponse(grid, None, options.columns),
        **{f"{name} unseen": without(name) for name in PRICES},
        "all three unseen": without(*PRICES),
    }

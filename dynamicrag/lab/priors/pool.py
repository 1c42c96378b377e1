"""The pool that the prior is judged on: three models at list prices, each with three retrieval strategies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynamicrag.errors import InputError
from dynamicrag.lab.priors.tables import Grid
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.selection import lambda_for, select

PRICES: Mapping[str, tuple[float, float]] = {
    "llama31_8b": (0.05, 0.08),
    "gpt4o_mini": (0.15, 0.60),
    "gpt4o": (2.5, 10.0),
}
"""US dollars per million input and output tokens, by the models' names in the table."""
BUDGETS: Sequence[float] = (0.10, 0.20, 0.50)
"""Mean US dollars per 1,000 questions."""
WEIGHT = np.ones(1)
Picks = NDArray[np.intp]
"""Positions of options, (n,)."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The options of the pool on every question.

    Attributes:
        columns: Positions of the pool's models in the grid, (m,).
        quality: Quality of every strategy and model, (n, s·m).
        cost: Its cost in US dollars per 1,000 questions, (n, s·m).
    """

    columns: Sequence[int]
    quality: Floats
    cost: Floats

    def chosen(self, predicted: Floats, training: Floats, train: NDArray[np.intp], budget: float) -> Picks:
        """Return the choices by quality less the price that meets a mean budget on the training rows.

        Args:
            predicted: Predicted quality, (n, s·m).
            training: The training rows' out-of-fold predictions.
            train: The training rows; their mean costs are the options'.
            budget: The budget.
        """
        mean = self.cost[train].mean(axis=0)[:, None]
        costs, known = (np.broadcast_to(mean, (*each.shape, 1)) for each in (predicted, training))
        lam = lambda_for(budget, training, known, WEIGHT, least=0.0)
        return select(predicted, costs, WEIGHT, lam=lam).index

    def fixed(self, train: NDArray[np.intp], budget: float) -> int:
        """Return the option of greatest mean quality among those whose mean cost meets a budget."""
        cost, quality = self.cost[train].mean(axis=0), self.quality[train].mean(axis=0)
        return int(np.where(cost <= budget, quality, -np.inf).argmax())


def pool(grid: Grid) -> Pool:
    """Return the pool in a grid.

    Raises:
        InputError: The grid lacks a model of the pool.
    """
    missing = [name for name in PRICES if name not in grid.subjects]
    if missing:
        raise InputError(f"judge: the table has no outcomes of {', '.join(missing)}")
    columns = [grid.subjects.index(name) for name in PRICES]
    into, out = (np.array(each) for each in zip(*PRICES.values(), strict=True))
    cost = (grid.input_tokens[:, :, columns] * into + grid.output_tokens[:, :, columns] * out) / 1000
    rows = len(grid.questions)
    return Pool(columns, grid.quality[:, :, columns].reshape(rows, -1), cost.reshape(rows, -1))

"""The remaining runs of a recording, and their cost, corrected by the cost of the finished runs."""

from collections.abc import Mapping

import numpy as np

from dynamicrag.cost.vector import Dimension
from dynamicrag.lab.outcomes.table import Outcome
from dynamicrag.lab.questions import Question
from dynamicrag.lab.record.runs import Work
from dynamicrag.predictors.checks import Floats
from dynamicrag.stages.decide import Decider

FORECAST: tuple[Dimension, ...] = ("seconds", "joules", "usd")


class Remaining:
    """The remaining runs, and their expected use.

    Args:
        decider: Prices paths; a cost without a known price counts as 0.
        work: The questions that are left, by path.
        workers: Number of questions asked at a time.
    """

    def __init__(self, decider: Decider, work: Work, workers: int = 1) -> None:
        self._decider = decider
        self._workers = workers
        self._at = {_key(steps): path for path, (steps, _) in enumerate(work)}
        self._runs = np.array([len(questions) for _, questions in work])
        self._ahead, self._priced, self._used = np.zeros((3, len(work), len(FORECAST)))
        for ahead, (steps, questions) in zip(self._ahead, work, strict=True):
            for question in questions:
                ahead += self._price(question, steps)

    @property
    def runs(self) -> int:
        """Number of runs that are left."""
        return int(self._runs.sum())

    def done(self, question: Question, outcome: Outcome) -> None:
        """Subtract a run, and compare its use with its price."""
        path, price = self._at[_key(outcome.path)], self._price(question, outcome.path)
        self._runs[path] -= 1
        self._ahead[path] -= price
        self._priced[path] += price
        self._used[path] += [outcome.facts.get(dimension, 0.0) for dimension in FORECAST]

    def left(self, dimension: Dimension) -> float:
        """Return the expected use of the remaining runs, by the rate of their path or else of all paths."""
        return float(self._by_path()[:, FORECAST.index(dimension)].sum())

    def time_left(self) -> float:
        """Return the seconds until the end; workers share the runs of one path at a time."""
        seconds, some = self._by_path()[:, FORECAST.index("seconds")], self._runs > 0
        return float((seconds[some] / np.minimum(self._workers, self._runs[some])).sum())

    def _by_path(self) -> Floats:
        """Return the expected use of every path's remaining runs, (paths, dimensions)."""
        overall = _rate(self._used.sum(axis=0), self._priced.sum(axis=0), np.ones(len(FORECAST)))
        return np.maximum(0.0, self._ahead) * _rate(self._used, self._priced, overall)

    def _price(self, question: Question, steps: Mapping[str, str]) -> Floats:
        cost = self._decider.price(question.text, steps)
        return np.array([cost.known(dimension) or 0.0 for dimension in FORECAST])


def _key(steps: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(steps.items())


def _rate(used: Floats, priced: Floats, default: Floats) -> Floats:
    return np.where(priced > 0, used / np.where(priced > 0, priced, 1.0), default)

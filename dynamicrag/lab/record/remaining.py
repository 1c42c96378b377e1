"""The remaining runs of a recording, and their cost, corrected by the cost of the finished runs."""

import numpy as np

from dynamicrag.cost.vector import Dimension
from dynamicrag.lab.outcomes.table import Outcome
from dynamicrag.lab.questions import Question
from dynamicrag.lab.record.paths import Steps
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
        self._runs = {_key(steps): len(questions) for steps, questions in work}
        self._ahead = {
            _key(steps): sum(
                (self._price(question, steps) for question in questions), np.zeros(len(FORECAST))
            )
            for steps, questions in work
        }
        self._priced = {key: np.zeros(len(FORECAST)) for key in self._ahead}
        self._used = {key: np.zeros(len(FORECAST)) for key in self._ahead}

    @property
    def runs(self) -> int:
        """Number of runs that are left."""
        return sum(self._runs.values())

    def done(self, question: Question, outcome: Outcome) -> None:
        """Subtract a run, and compare its use with its price."""
        steps = dict(outcome.path)
        key, price = _key(steps), self._price(question, steps)
        self._runs[key] -= 1
        self._ahead[key] -= price
        self._priced[key] += price
        self._used[key] += [outcome.facts.get(dimension, 0.0) for dimension in FORECAST]

    def left(self, dimension: Dimension) -> float:
        """Return the expected use of the remaining runs, by the rate of their path or else of all paths."""
        at = FORECAST.index(dimension)
        return float(sum(cost[at] for cost in self._by_path().values()))

    def time_left(self) -> float:
        """Return the seconds until the end; workers share the runs of one path at a time."""
        cost, at = self._by_path(), FORECAST.index("seconds")
        return float(
            sum(cost[key][at] / min(self._workers, runs) for key, runs in self._runs.items() if runs)
        )

    def _by_path(self) -> dict[tuple[tuple[str, str], ...], Floats]:
        used, priced = (np.sum(list(each.values()), axis=0) for each in (self._used, self._priced))
        overall = _rate(used, priced, np.ones(len(FORECAST)))
        return {
            key: np.maximum(0.0, ahead) * _rate(self._used[key], self._priced[key], overall)
            for key, ahead in self._ahead.items()
        }

    def _price(self, question: Question, steps: Steps) -> Floats:
        cost = self._decider.price(question.text, steps)
        return np.array([cost.known(dimension) or 0.0 for dimension in FORECAST])


def _key(steps: Steps) -> tuple[tuple[str, str], ...]:
    return tuple(steps.items())


def _rate(used: Floats, priced: Floats, default: Floats) -> Floats:
    return np.where(priced > 0, used / np.where(priced > 0, priced, 1.0), default)

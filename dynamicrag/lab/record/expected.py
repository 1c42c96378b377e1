"""How long a recording will take and what it will use, corrected by what it has used so far."""

from collections.abc import Sequence

from dynamicrag.cost.vector import Dimension
from dynamicrag.lab.outcomes.table import Outcome
from dynamicrag.lab.questions import Question
from dynamicrag.lab.record.paths import Steps
from dynamicrag.lab.record.runs import Work
from dynamicrag.stages.decide import Decider

Amounts = dict[Dimension, float]
Key = tuple[tuple[str, str], ...]
SHOWN: tuple[Dimension, ...] = ("seconds", "joules", "usd")


class Expected:
    """What is left to do, in runs and in cost.

    Args:
        decider: Prices paths.
        work: The questions still to be asked, by path.
        workers: Number of questions under way at a time.
    """

    def __init__(self, decider: Decider, work: Work, workers: int = 1) -> None:
        self._decider = decider
        self._workers = workers
        self._left = {_key(steps): self._sum(steps, questions) for steps, questions in work}
        self._due = {key: dict.fromkeys(SHOWN, 0.0) for key in self._left}
        self._came = {key: dict.fromkeys(SHOWN, 0.0) for key in self._left}
        self._runs = {_key(steps): len(questions) for steps, questions in work}

    @property
    def runs(self) -> int:
        """Number of runs that are left."""
        return sum(self._runs.values())

    def _sum(self, steps: Steps, questions: Sequence[Question]) -> Amounts:
        costs = [self._decider.price(question.text, steps) for question in questions]
        # what has no known price is left out of what is announced
        return {dimension: sum(cost.known(dimension) or 0.0 for cost in costs) for dimension in SHOWN}

    def done(self, question: Question, outcome: Outcome) -> None:
        """Take note of a run."""
        steps = dict(outcome.path)
        key, price = _key(steps), self._decider.price(question.text, steps)
        self._runs[key] -= 1
        for dimension in SHOWN:
            due = price.known(dimension) or 0.0
            self._left[key][dimension] -= due
            self._due[key][dimension] += due
            self._came[key][dimension] += outcome.facts.get(dimension, 0.0)

    def left(self, dimension: Dimension) -> float:
        """Return what is still to come, at the rate of the same path so far, or else of all paths."""
        return sum(self._left_by_path(dimension).values())

    def time_left(self) -> float:
        """Return the seconds until the end; workers share the runs of one path after the other."""
        seconds = self._left_by_path("seconds")
        return sum(seconds[key] / min(self._workers, runs) for key, runs in self._runs.items() if runs)

    def _left_by_path(self, dimension: Dimension) -> dict[Key, float]:
        overall = _ratio(
            sum(came[dimension] for came in self._came.values()),
            sum(due[dimension] for due in self._due.values()),
            1.0,
        )
        return {
            key: max(0.0, left[dimension])
            * _ratio(self._came[key][dimension], self._due[key][dimension], overall)
            for key, left in self._left.items()
        }


def _key(steps: Steps) -> Key:
    return tuple(steps.items())


def _ratio(came: float, due: float, default: float) -> float:
    return came / due if due > 0 else default

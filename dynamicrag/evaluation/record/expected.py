"""How long a recording will take and what it will use, corrected by what it has used so far."""

from collections.abc import Sequence

from dynamicrag.cost.vector import Dimension
from dynamicrag.evaluation.outcomes.table import Outcome
from dynamicrag.evaluation.questions import Question
from dynamicrag.evaluation.record.paths import Steps
from dynamicrag.evaluation.record.runs import Work
from dynamicrag.stages.decide import Decider

Amounts = dict[Dimension, float]
SHOWN: tuple[Dimension, ...] = ("seconds", "joules", "usd")


class Expected:
    """What is left to do, in runs and in cost.

    Args:
        decider: Prices paths.
        work: The questions still to be asked, by path.
    """

    def __init__(self, decider: Decider, work: Work) -> None:
        self._decider = decider
        self._left = {_key(steps): self._sum(steps, questions) for steps, questions in work}
        self._due = {key: dict.fromkeys(SHOWN, 0.0) for key in self._left}
        self._came = {key: dict.fromkeys(SHOWN, 0.0) for key in self._left}
        self.runs = sum(len(questions) for _, questions in work)

    def _sum(self, steps: Steps, questions: Sequence[Question]) -> Amounts:
        costs = [self._decider.price(question.text, steps) for question in questions]
        return {dimension: sum(cost[dimension] for cost in costs) for dimension in SHOWN}

    def done(self, question: Question, outcome: Outcome) -> None:
        """Take note of a run."""
        steps = dict(outcome.path)
        key, price = _key(steps), self._decider.price(question.text, steps)
        self.runs -= 1
        for dimension in SHOWN:
            self._left[key][dimension] -= price[dimension]
            self._due[key][dimension] += price[dimension]
            self._came[key][dimension] += outcome.facts.get(dimension, 0.0)

    def left(self, dimension: Dimension) -> float:
        """Return what is still to come, at the rate of the same path so far, or else of all paths."""
        overall = _ratio(
            sum(came[dimension] for came in self._came.values()),
            sum(due[dimension] for due in self._due.values()),
            1.0,
        )
        return sum(
            max(0.0, left[dimension]) * _ratio(self._came[key][dimension], self._due[key][dimension], overall)
            for key, left in self._left.items()
        )


def _key(steps: Steps) -> tuple[tuple[str, str], ...]:
    return tuple(steps.items())


def _ratio(came: float, due: float, default: float) -> float:
    return came / due if due > 0 else default

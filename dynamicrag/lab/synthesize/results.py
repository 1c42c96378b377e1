"""What a synthesis found: by kind of question, how many were kept, why others were refused, and the cost."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from dynamicrag.cost.vector import Dimension
from dynamicrag.lab.report.figures import total
from dynamicrag.lab.synthesize.form import REASONS, Refused
from dynamicrag.lab.synthesize.question import SyntheticQuestion

SAMPLES = 3
"""Number of refused questions kept as examples, by reason."""
GUESS = 3
"""Attempts per kept question that are expected before any is made."""

Costs = Mapping[str, Any]
"""Figures by dimension."""


@dataclass(frozen=True, slots=True)
class KindResult:
    """What became of the attempts at one kind of question; ``share`` is the part of them that was kept."""

    wanted: int
    tried: int
    kept: int
    share: float | None
    reasons: Mapping[str, int]
    cost: Costs
    refused: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class SynthesisResult:
    """What a synthesis made, from which model and seed.

    Attributes:
        out: The file of questions.
        model: The name of the model that wrote them.
        seed: The seed.
        kinds: Results by kind of question.
        cost: Figures by dimension.
        reasons: What each reason for refusing a question means.
        questions: The questions, in the file's order.
    """

    out: str
    model: str
    seed: int
    kinds: Mapping[str, KindResult]
    cost: Costs
    reasons: Mapping[str, str]
    questions: Sequence[SyntheticQuestion]

    def as_json(self) -> dict[str, Any]:
        """Return it for ``--json``; of a question's passages it has the ids."""
        questions = [
            {"question": one.question, "type": one.type, "answers": list(one.answers),
             "made_from": [passage["id"] for passage in one.passages]} for one in self.questions
        ]  # fmt: skip
        return {**asdict(self), "questions": questions}


@dataclass
class KindProgress:
    """The attempts at one kind of question so far.

    Attributes:
        wanted: Number of questions wanted.
        guess: Expected cost of an attempt, by dimension, before any is made.
        tried: Number of attempts.
        kept: The questions kept.
        reasons: Number of refused attempts, by reason.
        refused: Some of their questions, by reason.
        costs: Figures of every call, by dimension.
        ended: Whether there are no more attempts.
    """

    wanted: int
    guess: Mapping[str, float] = field(default_factory=dict)
    tried: int = 0
    kept: list[SyntheticQuestion] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    refused: dict[str, list[str]] = field(default_factory=dict)
    costs: list[Costs] = field(default_factory=list)
    ended: bool = False

    def count(self, attempt: SyntheticQuestion | Refused) -> None:
        """Add an attempt."""
        self.tried += 1
        if isinstance(attempt, SyntheticQuestion):
            self.kept.append(attempt)
            return
        self.reasons[attempt.reason] += 1
        samples = self.refused.setdefault(attempt.reason, [])
        if len(samples) < SAMPLES:
            samples.append(attempt.text)

    def left(self, dimension: Dimension) -> float:
        """Return what the missing questions are expected to cost, at the rate so far."""
        missing = self.wanted - len(self.kept)
        if self.ended or missing <= 0:
            return 0.0
        spent: float = sum(cost[dimension]["value"] or 0.0 for cost in self.costs)
        if not self.tried:
            return max(0.0, self.guess.get(dimension, 0.0) * GUESS * missing - spent)
        attempts = (self.tried + GUESS) / (len(self.kept) + 1)  # as if GUESS more attempts had given one more
        return spent / self.tried * attempts * missing

    def result(self) -> KindResult:
        """Return the result."""
        kept = len(self.kept)
        return KindResult(
            self.wanted, self.tried, kept, kept / self.tried if self.tried else None,
            dict(self.reasons.most_common()), sum_of(self.costs), self.refused,
        )  # fmt: skip


def result_of(
    out: str, model: str, seed: int, questions: Sequence[SyntheticQuestion], kinds: Mapping[str, KindProgress]
) -> SynthesisResult:
    """Return the result of a synthesis."""
    return SynthesisResult(
        out, model, seed, {name: kind.result() for name, kind in kinds.items()},
        sum_of([cost for kind in kinds.values() for cost in kind.costs]), REASONS, questions,
    )  # fmt: skip


def sum_of(costs: Sequence[Costs]) -> Costs:
    """Return the sum of costs, by dimension."""
    return {
        dimension: total([cost[dimension] for cost in costs]) for dimension in (costs[0] if costs else ())
    }

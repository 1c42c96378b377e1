"""The results of a synthesis by kind of question: number kept, reasons for refusing others, and the cost."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dynamicrag.cost.vector import Dimension
from dynamicrag.lab.report.figures import total
from dynamicrag.lab.synthesize.form import REASONS, Refused
from dynamicrag.lab.synthesize.question import SyntheticQuestion
from dynamicrag.records import Figure

SAMPLES = 3
"""Number of refused questions kept as examples, by reason."""
GUESS = 3
"""Attempts per kept question that are expected before any is made."""

Costs = Mapping[str, Figure]
"""Figures by dimension."""


@dataclass(slots=True)
class KindResult:
    """The attempts at one kind of question so far.

    Attributes:
        wanted: Number of questions wanted.
        guess: Expected cost of an attempt, by dimension, before any is made.
        tried: Number of attempts.
        kept: The questions kept.
        reasons: Number of refused attempts, by reason.
        refused: Some of their questions, by reason.
        costs: Figures of every call.
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

    @property
    def share(self) -> float | None:
        """Share of the attempts that was kept; ``None`` without attempts."""
        return len(self.kept) / self.tried if self.tried else None

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
        """Return the expected cost of the missing questions, at the rate so far."""
        missing = self.wanted - len(self.kept)
        if self.ended or missing <= 0:
            return 0.0
        spent = sum(cost[dimension]["value"] or 0.0 for cost in self.costs)
        if not self.tried:
            return max(0.0, self.guess.get(dimension, 0.0) * GUESS * missing - spent)
        attempts = (self.tried + GUESS) / (len(self.kept) + 1)  # as if GUESS more attempts had given one more
        return spent / self.tried * attempts * missing

    def as_json(self) -> dict[str, Any]:
        """Return it for ``--json``."""
        return {
            "wanted": self.wanted, "tried": self.tried, "kept": len(self.kept), "share": self.share,
            "reasons": dict(self.reasons.most_common()), "cost": sum_of(self.costs), "refused": self.refused,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class SynthesisResult:
    """The questions in a file, in its order; the model and the seed that made them; results by kind."""

    out: str
    model: str
    seed: int
    kinds: Mapping[str, KindResult]
    questions: Sequence[SyntheticQuestion]

    @property
    def cost(self) -> Costs:
        """Figures of all calls."""
        return sum_of([cost for kind in self.kinds.values() for cost in kind.costs])

    def as_json(self) -> dict[str, Any]:
        """Return it for ``--json``; of a question's passages it has the ids."""
        questions = [
            {"question": one.question, "type": one.type, "answers": list(one.answers),
             "made_from": [passage["id"] for passage in one.passages]} for one in self.questions
        ]  # fmt: skip
        return {
            "out": self.out, "model": self.model, "seed": self.seed,
            "kinds": {name: kind.as_json() for name, kind in self.kinds.items()},
            "cost": self.cost, "reasons": REASONS, "questions": questions,
        }  # fmt: skip


def sum_of(costs: Sequence[Costs]) -> Costs:
    """Return the sum of costs, by dimension."""
    return {name: total([cost[name] for cost in costs]) for name in (costs[0] if costs else ())}

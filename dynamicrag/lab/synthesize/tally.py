"""What became of the attempts: how many of each kind were kept, why others were not, and what it took."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dynamicrag.cost.vector import Dimension
from dynamicrag.lab.report.figures import total
from dynamicrag.lab.synthesize.form import Refused
from dynamicrag.lab.synthesize.made import Made

SAMPLES = 3
"""Refused questions that are kept to be shown, by reason."""
GUESS = 3
"""Attempts that a kept question takes, before any are seen."""


@dataclass
class Tally:
    """The account of one kind.

    Attributes:
        wanted: Questions that are wanted.
        guess: What an attempt is expected to cost, by dimension, before any is seen.
        tried: Attempts.
        kept: The questions kept.
        reasons: How many attempts were refused, by reason.
        refused: Some of their questions, by reason.
        costs: What the steps cost, as figures by dimension.
        ended: Whether no more are tried.
    """

    wanted: int
    guess: Mapping[str, float] = field(default_factory=dict)
    tried: int = 0
    kept: list[Made] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    refused: dict[str, list[str]] = field(default_factory=dict)
    costs: list[Mapping[str, Any]] = field(default_factory=list)
    ended: bool = False

    def count(self, result: Made | Refused) -> None:
        """Take note of an attempt."""
        self.tried += 1
        if isinstance(result, Made):
            self.kept.append(result)
            return
        self.reasons[result.reason] += 1
        shown = self.refused.setdefault(result.reason, [])
        if len(shown) < SAMPLES:
            shown.append(result.text)

    def left(self, dimension: Dimension) -> float:
        """Return what the questions still to be made will take, at the rate so far."""
        missing = self.wanted - len(self.kept)
        if self.ended or missing <= 0:
            return 0.0
        spent: float = sum(cost[dimension]["value"] or 0.0 for cost in self.costs)
        if not self.tried:
            return max(0.0, self.guess.get(dimension, 0.0) * GUESS * missing - spent)
        tries = (self.tried + GUESS) / (len(self.kept) + 1)  # as if one more had been kept after GUESS
        return spent / self.tried * tries * missing

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain data; costs are figures with their provenance."""
        return {
            "wanted": self.wanted,
            "tried": self.tried,
            "kept": len(self.kept),
            "share": len(self.kept) / self.tried if self.tried else None,
            "reasons": dict(self.reasons.most_common()),
            "cost": summed(self.costs),
            "refused": self.refused,
        }


def summed(costs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the sum of costs, by dimension."""
    return {
        dimension: total([cost[dimension] for cost in costs]) for dimension in (costs[0] if costs else ())
    }

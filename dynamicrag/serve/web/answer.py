"""One answer of a conversation, as the page shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.records import Decision, Figure, Passage
from dynamicrag.turn import Escalation

__all__ = ["Answer", "OtherDraft", "Withdrawn"]

State = Literal["writing", "asking", "done", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A streamed draft that was withdrawn, and the reason."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class OtherDraft:
    """Another draft of the query, which a user may prefer.

    Attributes:
        text: The draft.
        stage: The stage at which its path differs from that of the answer.
        option: Its option there.
        against: The option of the answer there.
    """

    text: str
    stage: str
    option: str
    against: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its account.

    Attributes:
        question: The question, as written.
        policy: Name of the policy.
        state: ``writing`` until the run ends, or asks for more budget.
        text: The text so far; when it is done, the final text.
        failure: Why there is no answer, or no more of it, for the user; or the request for more budget.
        query_id: Id of the query; ``""`` until its first decision.
        decisions: The decisions so far, in order.
        withdrawn: Streamed drafts that were withdrawn.
        abstained: Whether the answer was withheld.
        outside: Whether the documents do not cover the question.
        escalations: The steps back up.
        passages: The passages that the model was shown.
        other: Another draft that can be compared with the answer.
        cost: The cost of the run by dimension; empty until it is known.
        settled: Whether the meter has covered the run.
        baseline: Expected cost of the baseline path, by dimension.
        rating: The stored score, 1 for up and 0 for down; ``None`` without one.
        preference: The stored preference in words.
    """

    question: str
    policy: str
    state: State = "writing"
    text: str = ""
    failure: str = ""
    query_id: str = ""
    decisions: Sequence[Decision] = ()
    withdrawn: Sequence[Withdrawn] = ()
    abstained: bool = False
    outside: bool = False
    escalations: Sequence[Escalation] = ()
    passages: Sequence[Passage] = ()
    other: OtherDraft | None = None
    cost: Mapping[str, Figure] = field(default_factory=dict)
    settled: bool = False
    baseline: Mapping[str, Figure] = field(default_factory=dict)
    rating: float | None = None
    preference: str = ""

    def amount(self, dimension: str) -> float | None:
        """Return an amount of its cost; ``None`` if it is unknown."""
        return _value(self.cost, dimension)

    def expected(self, dimension: str) -> float | None:
        """Return an amount of the baseline's expected cost; ``None`` if it is unknown."""
        return _value(self.baseline, dimension)

    def decided(self, decision: Decision) -> "Answer":
        """Return it with a further decision."""
        return replace(self, decisions=[*self.decisions, decision], query_id=decision["turn"])


def _value(cost: Mapping[str, Figure], dimension: str) -> float | None:
    assert dimension in DIMENSIONS, dimension
    return cost[dimension]["value"] if dimension in cost else None

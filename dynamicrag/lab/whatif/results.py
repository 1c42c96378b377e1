"""The result of a comparison of a candidate policy with the logged one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dynamicrag.lab.results import Result
from dynamicrag.learning.offpolicy import Comparison

PATH = "path"
"""Name of the part with all stages."""


@dataclass(frozen=True, slots=True)
class Part:
    """The candidate's effect at one stage with the others as logged, or at all stages: the path.

    Attributes:
        name: The stage, or ``path``.
        decisions: Number of logged decisions there.
        changed: Number of decisions with other probabilities than logged.
        effective: Effective sample size of the queries with feedback; ``None`` without an estimate.
        refused: Why there is no estimate; ``""`` if there is one.
        outcomes: The comparison by outcome: ``quality``, ``utility``, and the cost dimensions.
    """

    name: str
    decisions: int
    changed: int
    effective: float | None = None
    refused: str = ""
    outcomes: Mapping[str, Comparison] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Requirement:
    """A bound on the difference of an outcome between candidate and logged policy.

    Attributes:
        outcome: The outcome.
        sign: ``>=`` or ``<=``.
        bound: The bound.
    """

    outcome: str
    sign: str
    bound: float

    def __str__(self) -> str:
        return f"{self.outcome}{self.sign}{self.bound:g}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a requirement is shown.

    Attributes:
        requirement: The requirement, in words.
        part: The part that it is judged by.
        shown: Whether the whole interval of the difference meets it; ``None`` without an estimate.
        why: The figures, or the reason for no estimate.
    """

    requirement: str
    part: str
    shown: bool | None
    why: str


@dataclass(frozen=True, slots=True)
class WhatIfReport(Result):
    """A comparison of a candidate policy with the logged one.

    Attributes:
        candidate: The candidate's file or name.
        policies: Number of logged queries by policy.
        queries: Number of logged queries.
        with_feedback: Number of them with feedback on the answer.
        begin: Time of the first query, in seconds since the epoch.
        end: Time of the last query.
        weights: The candidate's weights of the cost dimensions.
        parts: The stages that the candidate changes or that are refused, then the path.
        unchanged: The stages that it decides as logged.
        verdicts: The requirements.
        notes: Notes for the reader.
    """

    candidate: str
    policies: Mapping[str, int]
    queries: int
    with_feedback: int
    begin: float
    end: float
    weights: Mapping[str, float]
    parts: Sequence[Part]
    unchanged: Sequence[str]
    verdicts: Sequence[Verdict]
    notes: Sequence[str]

    @property
    def shown(self) -> bool | None:
        """Whether all requirements are shown; ``None`` if one has no estimate."""
        found = [verdict.shown for verdict in self.verdicts]
        return None if None in found else all(found)

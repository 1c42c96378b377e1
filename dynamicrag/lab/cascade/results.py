"""Results of an evaluation of escalation; the fields are the keys of ``--json``.

Shares are from 0 to 1. Costs are means per query in the unit of the evaluation. Intervals are of 95 %, by
bootstrap over the queries. A policy pays for every draft that it asks for, the failed ones too. A query is
escalated if a strong option was run; where no option is called strong, if a second draft was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dynamicrag.lab.cascade.signal_results import Conformal, SignalFigures
from dynamicrag.lab.results import OPTIONAL, CostRange, CurvePoint, Interval, Method, Result


@dataclass(frozen=True, slots=True)
class EscalationPoint(CurvePoint):
    """A point of a policy's curve."""

    escalated: float
    abstained: float


@dataclass(frozen=True, slots=True)
class Chosen:
    """A policy at the highest λ that lost no more than ``LOSS`` of the best quality in the training data.

    ``gain`` is over the best single option, paired; ``p_permutation`` the chance of such a gain under random
    signs, ``p_holm`` the same after Holm's correction.
    """

    quality: float
    cost: float
    escalated: float
    abstained: float
    gain: float
    intervals: Mapping[str, Interval]
    p_permutation: float | None = field(default=None, metadata={OPTIONAL: True})
    p_holm: float | None = field(default=None, metadata={OPTIONAL: True})


@dataclass(frozen=True, slots=True)
class Best:
    """The best point of a curve, in hindsight."""

    quality: float
    cost: float
    escalated: float


@dataclass(frozen=True, slots=True)
class AtShare:
    """The quality of a curve where a given share of the queries is escalated, and its cost."""

    quality: float
    cost: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Counted:
    """A share of some questions, with their number."""

    share: float | None
    count: int
    interval: Interval


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Numbers of questions without and with an answer in the corpus, and what became of them.

    A draft that says itself that there is no answer abstains; a failed draft neither abstains nor invents.
    """

    unanswerable: int
    answerable: int
    abstained: Counted
    invented: Counted
    wrongly_abstained: Counted


@dataclass(frozen=True, slots=True)
class Figures:
    """A policy or baseline.

    ``saving`` is the share of the best single option's cost that is saved at its quality; ``area`` the mean
    quality over the range of costs. ``unanswerable`` is ``None`` where every question has an answer.
    """

    chosen: Chosen
    best: Best
    saving: float
    quality_at_best_single_cost: float
    area: float
    quality_at: Mapping[str, float]
    quality_at_share: Mapping[str, AtShare]
    intervals: Mapping[str, Interval]
    curve: Sequence[EscalationPoint]
    unanswerable: Unanswered | None


@dataclass(frozen=True, slots=True)
class OverRouter:
    """A policy against the router without verification: its cost, and the router's quality at that cost."""

    cost: float
    router: float
    difference: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class StageGain:
    """Second drafts' additions to the means over all queries, by the stages that the accepted path changes.

    ``stages`` is ``kept`` where the first draft stood, ``abstained`` where none was accepted.
    """

    stages: Sequence[str]
    queries: int
    gain: float
    cost: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class PolicyFigures(Figures):
    """An escalation policy; ``stages`` has most queries first, and is empty where options are no paths."""

    spec: object
    over_router: OverRouter
    stages: Sequence[StageGain]


@dataclass(frozen=True, slots=True)
class Data(Method):
    """The data and the method; ``drafts`` is the largest number of a signal."""

    cost: CostRange
    drafts: int
    budget: float | None


@dataclass(frozen=True, slots=True)
class CascadeResult(Result):
    """An evaluation of escalation.

    Attributes:
        data: The data and the method.
        policies: Escalation policies by name.
        baselines: They accept every draft. ``router`` picks one option from the question; ``always_strong``
            is the most expensive, ``always_weak`` the cheapest option, ``best_single`` the best in training,
            ``fixed:OPTION`` each; ``oracle`` knows every outcome, ``oracle_cheapest`` at every λ.
        random: The curve of drawing lots between the cheapest and the best single option.
        ranking: Names of the policies, by quality at the chosen λ.
        verifiers: By signal; ``learnt`` is the scorer of all signals.
        conformal: Conformal sets.
        notes: Notes for the reader.
    """

    data: Data
    policies: Mapping[str, PolicyFigures]
    baselines: Mapping[str, Figures]
    random: Sequence[CurvePoint]
    ranking: Sequence[str]
    verifiers: Mapping[str, SignalFigures]
    conformal: Conformal
    notes: Sequence[str]

    def as_json(self) -> dict[str, Any]:
        """See the base class; the curve of ``random`` is among the baselines."""
        found = Result.as_json(self)
        found["baselines"]["random"] = {"curve": found.pop("random")}
        return found

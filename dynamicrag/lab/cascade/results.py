"""What an evaluation of escalation found; its fields are the keys of ``--json``.

Shares are from 0 to 1. Costs are in the unit of the evaluation. Intervals are of 95 %, by bootstrap over the
queries; ``None`` where there is none. Every draft that a policy asks for is paid for, the failed ones too.
A query is escalated if a strong option was run; where no option is called strong, if a second draft was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dynamicrag.lab.routing.plain_data import KEY, OPTIONAL, plain_data

Interval = list[float] | None


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A point of a curve: what one λ gives."""

    lam: float | None = field(metadata={KEY: "lambda"})
    cost: float
    quality: float


@dataclass(frozen=True, slots=True)
class EscalationPoint(CurvePoint):
    """A point of a policy's curve."""

    escalated: float
    abstained: float


@dataclass(frozen=True, slots=True)
class Chosen:
    """A policy at the highest λ that lost no more than ``LOSS`` of the best quality in the training data.

    Attributes:
        quality: Mean quality.
        cost: Mean cost.
        escalated: Share of the queries that were escalated.
        abstained: Share of the queries that got no answer.
        gain: Quality over that of the best single option, paired.
        intervals: Of quality, cost and gain.
        p_permutation: Chance of such a gain under random signs; ``None`` without a bootstrap.
        p_holm: The same after Holm's correction for the number of policies.
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
    """The quality of a curve where a given share of the queries is escalated, and what it costs."""

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
    """What became of questions without an answer in the corpus, at the chosen λ.

    An accepted draft that says itself that there is no answer abstains. A draft that failed neither abstains
    nor invents.

    Attributes:
        unanswerable: Number of questions without an answer.
        answerable: Number of questions with one.
        abstained: Of the unanswerable: no answer was given.
        invented: Of the unanswerable: an answer was given.
        wrongly_abstained: Of the answerable: no answer was given.
    """

    unanswerable: int
    answerable: int
    abstained: Counted
    invented: Counted
    wrongly_abstained: Counted


@dataclass(frozen=True, slots=True)
class Figures:
    """A policy or baseline.

    Attributes:
        chosen: At the λ that was chosen in training.
        best: The best point of the curve.
        saving: Share of the best single option's cost that is saved at its quality.
        quality_at_best_single_cost: Quality at the best single option's cost.
        area: Mean quality over the range of costs.
        quality_at: Quality by given cost.
        quality_at_share: By share escalated.
        intervals: Of saving and area.
        curve: A point for every λ.
        unanswerable: ``None`` where every question has an answer.
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
    """A policy's quality at its chosen λ less that of the router without verification, at equal mean cost.

    Attributes:
        cost: The policy's mean cost.
        router: The router's quality at that cost.
        difference: The policy's quality less the router's.
        interval: Of the difference, paired.
    """

    cost: float
    router: float
    difference: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class StageGain:
    """What second drafts added, of the queries whose accepted path differs in these stages from the first.

    Attributes:
        stages: The stages; ``kept`` where the first draft stood, ``abstained`` where none was accepted.
        queries: Their number.
        gain: Added to the mean quality over all queries.
        cost: Added to the mean cost over all queries.
        interval: Of the gain.
    """

    stages: Sequence[str]
    queries: int
    gain: float
    cost: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class PolicyFigures(Figures):
    """An escalation policy.

    Attributes:
        spec: What was asked for.
        over_router: Against the router without verification.
        stages: What escalation changed, most queries first; empty where options are no paths.
    """

    spec: object
    over_router: OverRouter
    stages: Sequence[StageGain]


@dataclass(frozen=True, slots=True)
class Bin:
    """Drafts of about equal probability: its mean, the share that was right, their number."""

    said: float
    right: float
    drafts: int


@dataclass(frozen=True, slots=True)
class SignalFigures:
    """How well a signal tells right drafts from wrong ones.

    Attributes:
        drafts: Number of drafts with the signal.
        auroc: Chance that a right draft has the higher signal; below .5 the signal speaks against.
        auroc_calibrated: The same of the calibrated probability.
        ece: Expected calibration error of the calibrated probability, over bins of equal count.
        ece_raw: The same of the signal itself, where it is a probability.
        brier: Mean squared error of the calibrated probability.
        options: AUROC by option.
        reliability: Calibrated probability and share right, by bin.
        intervals: Of auroc, auroc_calibrated, ece and ece_raw.
        cost: Mean cost of the signal's verifier per draft; NaN where it was not recorded in this unit.
        cost_share: The same as a share of what the drafts cost without verification.
        cost_interval: Of the cost.
    """

    drafts: int
    auroc: float
    auroc_calibrated: float
    ece: float
    ece_raw: float
    brier: float
    options: Mapping[str, float]
    reliability: Sequence[Bin]
    intervals: Mapping[str, Interval]
    cost: float = 0.0
    cost_share: float = 0.0
    cost_interval: Interval = None


@dataclass(frozen=True, slots=True)
class Routed:
    """A set of one answer is taken, and every other question goes to the strong model."""

    quality: float
    escalated: float


@dataclass(frozen=True, slots=True)
class ConformalLevel:
    """Conformal sets at one level.

    Attributes:
        target: The coverage that was asked for.
        coverage: How often a set holds a right member, of the queries that have one.
        interval: Of the coverage.
        size: Mean number of members.
        single: Share of sets of one.
    """

    target: float
    coverage: float | None
    interval: Interval
    size: float
    single: float


@dataclass(frozen=True, slots=True)
class AnswerLevel(ConformalLevel):
    """Conformal sets of answers.

    Attributes:
        single_quality: Quality of the sets of one.
        routed: What routing by the sets gives.
    """

    single_quality: float | None
    routed: Routed


@dataclass(frozen=True, slots=True)
class Conformal:
    """Conformal sets.

    Attributes:
        of: ``answers`` where distinct answers are known, else ``options``.
        solvable: Share of the queries that have a right member.
        levels: By α.
    """

    of: str
    solvable: float
    levels: Mapping[str, ConformalLevel]


@dataclass(frozen=True, slots=True)
class CostRange:
    """The unit of costs, and the mean costs of the cheapest and the dearest option."""

    name: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Data:
    """What was evaluated, and how.

    Attributes:
        train: Name of the training data.
        test: Name of the test data; ``None`` for cross-validation.
        options: The options.
        cost: Unit and range of costs.
        queries: Number of test queries.
        learnt_queries: Number of training queries.
        drafts: Most drafts that a signal is judged on.
        folds: Number of folds; ``None`` with test data.
        seed: Seed of folds, predictors and samples.
        bootstrap: Number of bootstrap samples.
        budget: Expected cost that one query may spend.
    """

    train: str
    test: str | None
    options: Sequence[str]
    cost: CostRange
    queries: int
    learnt_queries: int
    drafts: int
    folds: int | None
    seed: int
    bootstrap: int
    budget: float | None


@dataclass(frozen=True, slots=True)
class CascadeResult:
    """An evaluation of escalation.

    Attributes:
        data: What was evaluated.
        policies: Escalation policies by name.
        baselines: They accept every draft. ``router`` picks one option from the question; ``always_strong``
            is the dearest, ``always_weak`` the cheapest option, ``best_single`` the best in training,
            ``fixed:OPTION`` each; ``oracle`` knows every outcome, ``oracle_cheapest`` at every λ.
        random: The curve of drawing lots between the cheapest and the best single option.
        ranking: Names of the policies, by quality at the chosen λ.
        verifiers: By signal; ``learnt`` is the scorer of all signals.
        conformal: Conformal sets.
        notes: What a reader must know.
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
        """Return the result as plain data; figures that are not known are ``None``."""
        found: dict[str, Any] = plain_data(self)
        found["baselines"]["random"] = {"curve": found.pop("random")}
        return found

"""The results of an evaluation; the fields are the keys of ``--json``.

Shares are from 0 to 1, costs are means per query, and intervals are of 95 %. A figure that cannot be stated
is NaN, and ``null`` in JSON. Parts that do not apply, such as APGR with more than two options, are ``None``,
and their keys are missing; those of the others stand beside the keys of the result that holds them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dynamicrag.lab.results import FLAT, OPTIONAL, CostRange, CurvePoint, Interval, Method, Result

_FLAT, _OPTIONAL = {FLAT: True}, {OPTIONAL: True}


@dataclass(frozen=True, slots=True)
class GroupResult:
    """A router on the queries of one group; ``best_single`` and ``oracle`` are qualities."""

    queries: int
    quality: float
    interval: Interval
    cost: float
    best_single: float
    oracle: float


@dataclass(frozen=True, slots=True)
class PairIntervals:
    """Intervals of :class:`PairFigures`."""

    apgr: Interval
    cpt50: Interval
    cpt80: Interval


@dataclass(frozen=True, slots=True)
class PairFigures:
    """RouteLLM's figures of two options (see :mod:`.pair`)."""

    apgr: float
    cpt50: float
    cpt80: float
    pgr: Sequence[float]


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """The share of right labels, and the mean of both labels' shares."""

    accuracy: float
    balanced_accuracy: float


@dataclass(frozen=True, slots=True)
class Tests:
    """p-values of the gain: by bootstrap, by permutation, and that after Holm's correction."""

    p_bootstrap: float
    p_permutation: float
    p_holm: float | None = field(default=None, metadata=_OPTIONAL)


@dataclass(frozen=True, slots=True)
class Training:
    """A predictor's figures besides its choices.

    Attributes:
        spec: Its spec.
        lambda_at: λ by the cost that it keeps the mean expected cost to; ``None`` where none does.
        train_seconds: Mean time of a training, features apart.
        decision_us: Median microseconds of a decision, features apart.
        picked: Predictors that it is made of, by share.
    """

    spec: object
    lambda_at: Mapping[str, float | None]
    train_seconds: float
    decision_us: float
    picked: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Intervals:
    """Intervals of a router's figures, 95 %, ``[low, high]``."""

    quality: Interval
    cost: Interval
    gain: Interval
    gap_closed: Interval
    saving: Interval
    saving_within_point: Interval
    area: Interval
    routing_accuracy: Interval
    quality_at: Mapping[str, Interval]
    pair: PairIntervals | None = field(default=None, metadata=_FLAT)


@dataclass(frozen=True, slots=True)
class RouterResult:
    """A router or a baseline; the figures are those at λ = 0, by quality alone, unless they are of the curve.

    ``gain`` is quality above the best single option's, query by query; ``gap_closed`` the gain as a share of
    the oracle's. ``saving`` is the share of the best single option's cost that the curve saves at its
    quality, ``saving_within_point`` the same at .01 less; ``area`` the mean quality along the curve, from
    ``data.cost.low`` to ``data.cost.high``; ``quality_at`` the curve's quality by cost. ``routing_accuracy``
    is the share of queries on which a best option was chosen, ``calls`` that of each option, ``confusion``
    the number of queries by chosen and by best option.
    """

    quality: float
    cost: float
    gain: float
    gap_closed: float
    saving: float
    saving_within_point: float
    cost_at_best_single_quality: float
    quality_at_best_single_cost: float
    area: float
    quality_at: Mapping[str, float]
    intervals: Intervals
    curve: Sequence[CurvePoint]
    routing_accuracy: float
    calls: Mapping[str, float]
    confusion: Mapping[str, Mapping[str, int]]
    groups: Mapping[str, GroupResult]
    labels: LabelFigures | None = field(default=None, metadata=_FLAT)
    tests: Tests | None = field(default=None, metadata=_FLAT)
    pair: PairFigures | None = field(default=None, metadata=_FLAT)
    training: Training | None = field(default=None, metadata=_FLAT)

    @property
    def p_holm(self) -> float:
        """The corrected p-value of the gain; NaN where it was not tested."""
        own = None if self.tests is None else self.tests.p_holm
        return float("nan") if own is None else own


@dataclass(frozen=True, slots=True)
class Loss:
    """The loss of quality without some options, by the oracle and as routed, and the cost of the rest."""

    oracle_loss: float
    routed_loss: float
    routed_cost: float
    intervals: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class OptionResult:
    """An option by itself, the shares of queries that it alone serves, and the loss without it."""

    quality: float
    cost: float
    only_right: float
    strictly_best: float
    loss: Loss | None = field(default=None, metadata=_FLAT)


@dataclass(frozen=True, slots=True)
class Subset:
    """The best options of a number, and the quality of the oracle over them."""

    options: Sequence[str]
    oracle: float


@dataclass(frozen=True, slots=True)
class Removable:
    """Options that could go together, and the loss without them; ``curve_loss`` is the most at any price."""

    options: Sequence[str]
    loss: Loss | None = field(default=None, metadata=_FLAT)
    curve_loss: float | None = field(default=None, metadata=_OPTIONAL)


@dataclass(frozen=True, slots=True)
class Complementarity:
    """The value of each option beside the others (see :mod:`.complementarity`)."""

    options: Mapping[str, OptionResult]
    overlap: Mapping[str, Mapping[str, float | None]]
    none_right: float
    subsets: Sequence[Subset]
    could_go: Removable


@dataclass(frozen=True, slots=True)
class CostFacts(CostRange):
    """The cost, with its provenance."""

    kinds: Sequence[str]


@dataclass(frozen=True, slots=True)
class DataFacts(Method):
    """The data of an evaluation, and its method."""

    cost: CostFacts | None
    split: str
    weak: str | None = field(default=None, metadata=_OPTIONAL)
    strong: str | None = field(default=None, metadata=_OPTIONAL)


@dataclass(frozen=True, slots=True)
class FeatureFacts:
    """The features, and their times: seconds a fit, microseconds a query, embedding apart."""

    families: Sequence[object]
    number: int
    fit_seconds: float
    us: float
    embedding_us: float | None = None


@dataclass(frozen=True, slots=True)
class Evaluation(Result):
    """Routers and baselines on one table.

    Attributes:
        data: The data and the method.
        features: The features.
        routers: By name.
        baselines: ``random``, ``cheapest``, ``best_single``, ``fixed:OPTION`` each; ``oracle`` knows every
            outcome and takes the strongest of the best options, ``oracle_cheapest`` the cheapest: no router's
            curve can be better.
        complementarity: The value of each option beside the others, routed by the first of the ranking.
        ranking: Names of the routers, by APGR where there are two options, else by quality.
        notes: Notes for the reader.
    """

    data: DataFacts
    features: FeatureFacts
    routers: Mapping[str, RouterResult]
    baselines: Mapping[str, RouterResult]
    complementarity: Complementarity
    ranking: Sequence[str]
    notes: Sequence[str]

    @property
    def best(self) -> RouterResult:
        """The first router of the ranking."""
        return self.routers[self.ranking[0]]

    @property
    def best_single(self) -> str:
        """The name of the best single option; the one taken most where it differs by fold."""
        calls = self.baselines["best_single"].calls
        return max(calls, key=lambda name: calls[name])

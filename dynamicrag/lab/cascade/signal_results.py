"""Results on signals and on conformal sets; see ``.results``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dynamicrag.lab.results import FLAT, Interval


@dataclass(frozen=True, slots=True)
class Bin:
    """Drafts of about equal probability: its mean, the share that was right, their number."""

    said: float
    right: float
    drafts: int


@dataclass(frozen=True, slots=True)
class SignalFigures:
    """A signal's power to tell right drafts from wrong ones.

    ``auroc`` is the chance that a right draft has the higher signal. ``ece`` is the calibration error of the
    calibrated probability, ``ece_raw`` of the signal itself where it is a probability. ``cost`` is the
    verifier's mean per draft, NaN where it was not recorded in this unit; ``cost_share`` relates it to the
    drafts' cost without verification.
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
    """Routing by conformal sets: an answer that is alone is taken, all else goes to the strong model."""

    quality: float
    escalated: float


@dataclass(frozen=True, slots=True)
class OfAnswers:
    """The quality of the sets of one answer, and routing by the sets."""

    single_quality: float | None
    routed: Routed


@dataclass(frozen=True, slots=True)
class ConformalLevel:
    """Conformal sets: target and realised coverage of solvable queries, mean size, share of sets of one."""

    target: float
    coverage: float | None
    interval: Interval
    size: float
    single: float
    answers: OfAnswers | None = field(default=None, metadata={FLAT: True})


@dataclass(frozen=True, slots=True)
class Conformal:
    """Conformal sets of ``answers`` or ``options``, by α; ``solvable`` is the share with a right member."""

    of: str
    solvable: float
    levels: Mapping[str, ConformalLevel]

"""Results of a calibration on held-out questions; the fields are the keys of ``--json``.

Qualities and shares are from 0 to 1. Intervals are of 95 %, by paired bootstrap over the questions; ``None``
where there is none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dynamicrag.lab.results import KEY, OPTIONAL, Interval, Result


@dataclass(frozen=True, slots=True)
class Reach:
    """The intervals of a :class:`Standing`, by the names of its figures."""

    quality: Interval
    scores: Mapping[str, Interval]
    costs: Mapping[str, Interval]
    ratio: Interval
    difference: Interval
    gap_closed: Interval


@dataclass(frozen=True, slots=True)
class Standing:
    """A way to choose beside the baseline.

    ``ratio`` is of the reported cost to the baseline's; ``difference`` in quality to it; ``gap_closed`` the
    share of the oracle's difference to it, ``None`` where there is none; ``shares`` are of paths taken first.
    """

    quality: float
    scores: Mapping[str, float]
    costs: Mapping[str, float]
    ratio: float
    difference: float
    gap_closed: float | None
    shares: Mapping[str, float]
    intervals: Reach


@dataclass(frozen=True, slots=True)
class Gain:
    """The mean difference in utility between two ways to choose, on the same questions.

    It is ``sure`` above its standard error: less may be luck, and a rule that is understood is worth more.
    """

    gain: float
    interval: Interval
    error: float
    sure: bool


@dataclass(frozen=True, slots=True)
class Promise:
    """The expected mean of a figure over the paths first taken, and the realised one, with escalations."""

    promised: float
    realised: float


@dataclass(frozen=True, slots=True)
class Goal:
    """A part of the target, and the figure reached."""

    wanted: float
    reached: float = field(metadata={KEY: "came"})
    ok: bool


@dataclass(frozen=True, slots=True)
class TargetReport:
    """The target: its quality, its limits by dimension, and both in words."""

    quality: float | None
    limits: Mapping[str, float]
    text: str


@dataclass(frozen=True, slots=True)
class SettingReport:
    """The setting: λ with the weights times λ, or a path, or nothing; and the thresholds of verification.

    ``missed`` says why the target was missed on the questions it was set on; it is empty if it was not.
    ``questions`` is the number of held-out questions, of a setting from one half.
    """

    lam: float | None = field(metadata={KEY: "lambda"})
    path: str | None
    weights: Mapping[str, float]
    thresholds: Mapping[str, float]
    missed: str
    questions: int | None = field(default=None, metadata={OPTIONAL: True})


@dataclass(frozen=True, slots=True)
class Baseline:
    """The way to choose that others are compared with, and its path."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Learning:
    """The method that learnt routers."""

    router: object
    features: Sequence[object]
    seed: int


@dataclass(frozen=True, slots=True)
class Report(Result):
    """A calibration.

    Attributes:
        table: Name of the table.
        questions: Number of questions.
        baseline: The baseline of all comparisons.
        cost: The cost dimension that is reported.
        learnt: The method that learnt routers.
        bootstrap: Number of bootstrap samples.
        policies: Ways to choose by name, ``calibrated`` among them.
        paths: Every path by itself.
        promised: By way and figure.
        target: The target.
        reached: By part of the target.
        setting: The setting from all questions.
        halves: The setting from either half.
        notes: Notes for the reader.
        account: Costs of the paths as this host's energy account expects them and as recorded, by path and
            dimension; ``None`` where it cannot say.
        policy: The file that was written.
    """

    table: str
    questions: int
    baseline: Baseline
    cost: str
    learnt: Learning
    bootstrap: int
    policies: Mapping[str, Standing]
    paths: Mapping[str, Standing]
    promised: Mapping[str, Mapping[str, Promise]]
    target: TargetReport
    reached: Mapping[str, Goal]
    setting: SettingReport
    halves: Sequence[SettingReport]
    notes: Sequence[str]
    account: Mapping[str, Mapping[str, Mapping[str, float]]] | None = None
    policy: str = ""

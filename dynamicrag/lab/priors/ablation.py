"""The share of the oracle's gap that is closed from the question, the corpus and the evidence."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dynamicrag.lab.priors.contenders import Contender, ItemResponse
from dynamicrag.lab.priors.evidence import LEVELS, Choices, recorded_choices, strategy_choices
from dynamicrag.lab.priors.figures import drawn_rows, signed, with_ends
from dynamicrag.lab.priors.food import Food
from dynamicrag.lab.priors.judging import folds, gap_closed, out_of_fold
from dynamicrag.lab.priors.recorded import RIGHT
from dynamicrag.lab.priors.stages import learn_stages
from dynamicrag.lab.priors.tables import Tables, grid
from dynamicrag.lab.results import Result
from dynamicrag.lab.view.page import Column, Headline, Page, Section, Table
from dynamicrag.predictors.base import PREDICTORS
from dynamicrag.predictors.checks import Floats
from dynamicrag.priors.knowledge import shipped
from dynamicrag.priors.stages import shipped_stages

PRIOR = "prior"
LEARNT = ("linear", "forest")
"""Predictors that learn from the same features, out of fold."""


@dataclass(frozen=True, slots=True)
class Share:
    """The share of the gap between the best fixed option and the oracle that a router closes.

    Attributes:
        pool: Origin of the questions, and the aim.
        router: The router.
        level: The level of evidence.
        mean: Mean of the aim.
        closed: The share, with a 95 % interval over questions.
        gained: Its increase over the question alone, likewise.
    """

    pool: str
    router: str
    level: str
    mean: float
    closed: Sequence[float]
    gained: Sequence[float]


@dataclass(frozen=True, slots=True)
class Expected:
    """The prior's expectation of a recording's answers after a retrieval.

    Attributes:
        recording: Number of the recording.
        answers: Number of answers.
        expected: Mean estimated probability of being right.
        right: Share of right answers.
    """

    recording: int
    answers: int
    expected: float
    right: float


@dataclass(frozen=True, slots=True)
class Ablated(Result):
    """All figures."""

    shares: Sequence[Share]
    expected: Sequence[Expected]
    fixed: Sequence[str]


def ablated(food: Food, tables: Tables, seeds: Sequence[int]) -> Ablated:
    """Measure the routers at each level of evidence; takes minutes.

    The parts of the prior that learn from recordings are learnt again without the recording that is judged.

    Raises:
        InputError: A table is missing, or lacks an option.
    """
    searched, stages = [*food.searched, *food.paraphrased], shipped_stages()
    left_out = [
        learn_stages(replace(food, recorded=rest), stages, tables.progress)
        for place in range(len(food.recorded))
        for rest in [[*food.recorded[:place], *food.recorded[place + 1 :]]]
    ]
    strategies = strategy_choices(food.hops, food.searched, _by_question(tables, seeds[0]), stages)
    recorded = (
        recorded_choices(food.recorded, searched, tables, shipped(), left_out) if food.recorded else None
    )
    shares: list[Share] = []
    fixed: list[str] = []
    aims = [(strategies, 0.0)] if recorded is None else [(recorded, 1.0), (recorded, 0.0), (strategies, 0.0)]
    for choices, weight in aims:
        tables.progress(f"judge {choices.name}, {'quality less cost' if weight else 'quality alone'}")
        made, best = shares_closed(choices, weight, seeds)
        shares += made
        fixed.append(best)
    return Ablated(shares, [] if recorded is None else _expected(recorded), fixed)


def _by_question(tables: Tables, seed: int) -> dict[str, Floats]:
    """Return the estimates of the strategies with Llama 3.1 8B by question, out of fold."""
    answers = grid(tables)
    vectors = tables.vectors(answers.questions)
    tables.progress("fit generator and retrieval out of fold")
    estimate = ItemResponse(answers, vectors, [answers.subjects.index("llama31_8b")])
    found = out_of_fold(estimate, np.arange(len(answers.questions)), seed)
    return dict(zip(answers.questions, found, strict=True))


def shares_closed(choices: Choices, weight: float, seeds: Sequence[int]) -> tuple[list[Share], str]:
    """Return the share of each router at each level, and the ends of the gap in words.

    Args:
        choices: The questions and options.
        weight: Weight of the cost: 1 for the preset's weights, 0 for quality alone.
        seeds: Seeds of the folds.
    """
    utility = choices.quality - weight * choices.cost
    samples = drawn_rows(len(utility))
    aim = f"{choices.name}, {len(utility)} questions, {'quality less cost' if weight else 'quality alone'}"
    found = []
    for router in (PRIOR, *LEARNT):
        start: Floats | None = None
        for level in LEVELS:
            chosen = np.mean(
                [_chosen(choices, router, level, weight, utility, seed) for seed in seeds], axis=0
            )
            closed = gap_closed(chosen, utility, samples)
            start = closed if start is None else start
            ends = [with_ends(each[0], each[1:]) for each in (closed, closed - start)]
            found.append(Share(aim, router, level, float(chosen.mean()), *ends))
    means, oracle = utility.mean(axis=0), utility.max(axis=1).mean()
    best = int(means.argmax())
    return found, f"{aim}: best fixed {choices.options[best]} {means[best]:.3f}, oracle {oracle:.3f}"


def _chosen(choices: Choices, router: str, level: str, weight: float, utility: Floats, seed: int) -> Floats:
    """Return the aim of the choices on every question, (n,); costs are the means of the training folds."""
    X, made = choices.features[level], np.empty(len(utility))

    def learnt(train: Any, rows: Any) -> Floats:
        predictor = PREDICTORS.build(router, "ablation")
        return np.asarray(predictor.fit(X[train], choices.quality[train]).predict(X[rows]).mean)

    known: Contender = learnt if router != PRIOR else lambda _, rows: choices.prior[level][rows]
    for train, test in folds(len(utility), seed):
        price = weight * choices.cost[train].mean(axis=0)
        index = (known(train, test) - price).argmax(axis=1)
        made[test] = utility[test, index]
    return made


def _expected(recorded: Choices) -> list[Expected]:
    reads = [number for number, name in enumerate(recorded.options) if not name.startswith("none")]
    direct = [number for number in reads if "compare" not in recorded.options[number]]
    found = []
    for place in sorted({*recorded.of}):
        rows = np.array(recorded.of) == place
        expected, right = (
            recorded.prior[LEVELS[-1]][rows][:, direct],
            recorded.quality[rows][:, direct] >= RIGHT,
        )
        found.append(Expected(place, expected.size, float(expected.mean()), float(right.mean())))
    return found


def page(made: Ablated) -> Page:
    """Return the figures as a page."""
    titles = ("router", "knows", "mean", "gap closed", "over query alone")
    tables = []
    for pool in dict.fromkeys(each.pool for each in made.shares):
        rows = [
            [each.router, each.level, f"{each.mean:.3f}", signed(each.closed), signed(each.gained)]
            for each in made.shares
            if each.pool == pool
        ]
        tables.append(Table([Column(title) for title in titles], rows, pool))
    expected = [
        [str(each.recording + 1), str(each.answers), f"{each.expected:.3f}", f"{each.right:.3f}"]
        for each in made.expected
    ]
    sections = [Section("; ".join(made.fixed), tables)]
    if expected:
        columns = [Column(title) for title in ("recording", "answers", "expected right", "right")]
        sections.append(Section("Answers after one retrieval", [Table(columns, expected)]))
    return Page(
        name="prior",
        command="python -m dynamicrag.lab.priors ablate",
        headline=Headline("The prior by its evidence"),
        kicker="Share of the gap between the best fixed option and the oracle",
        sections=sections,
    )

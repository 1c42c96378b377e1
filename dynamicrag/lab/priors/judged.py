"""Judges the item-response model on the public tables, and shows the figures."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dynamicrag.lab.priors.contenders import MEANS, Contender, ItemResponse, contenders, means
from dynamicrag.lab.priors.figures import SAMPLES, drawn_rows, signed, with_ends
from dynamicrag.lab.priors.judging import INNER, at_budgets, best_by_estimate, fixed_at_budgets, gap_closed
from dynamicrag.lab.priors.pool import BUDGETS, PRICES, pool
from dynamicrag.lab.priors.sources import STRATEGY_BY_QUESTION
from dynamicrag.lab.priors.tables import Grid, Tables, grid
from dynamicrag.lab.results import Result
from dynamicrag.lab.routing.resample import Resample
from dynamicrag.lab.view.page import Column, Headline, Page, Row, Section, Table
from dynamicrag.predictors.checks import Floats
from dynamicrag.priors.generation import STRATEGIES

FIXED = "best fixed"


@dataclass(frozen=True, slots=True)
class AtBudget:
    """One estimate at one mean budget; costs in US dollars per 1,000 questions.

    Attributes:
        name: Name of the estimate.
        budget: The budget.
        quality: Mean quality over seeds.
        by_seed: Mean quality of every seed.
        cost: Mean cost over seeds.
        over_fixed: Difference to the best fixed option, with a paired 95 % interval over questions.
        over_means: Difference to the means alone, likewise.
    """

    name: str
    budget: float
    quality: float
    by_seed: Sequence[float]
    cost: float
    over_fixed: Sequence[float]
    over_means: Sequence[float]


@dataclass(frozen=True, slots=True)
class Gap:
    """The share of the gap between best fixed strategy and oracle that an estimate closes.

    Attributes:
        name: Name of the estimate.
        quality: Mean quality over seeds.
        closed: The share, with a 95 % interval.
    """

    name: str
    quality: float
    closed: Sequence[float]


@dataclass(frozen=True, slots=True)
class Judged(Result):
    """All figures.

    Attributes:
        seeds: Seeds of the folds.
        budgets: Estimates at budgets.
        strategies: Estimates that choose a strategy for one model.
        fixed: Mean quality of the best fixed strategy.
        oracle: Mean quality of the best strategy per question.
    """

    seeds: Sequence[int]
    budgets: Sequence[AtBudget]
    strategies: Sequence[Gap]
    fixed: float
    oracle: float


def judged(tables: Tables, seeds: Sequence[int]) -> Judged:
    """Judge out of fold; takes about a minute per seed and estimate.

    Raises:
        InputError: A table is missing, or lacks an option.
    """
    answers = grid(tables)
    vectors = np.asarray(tables.vectors(answers.questions), dtype=np.float64)
    quality, gaps = _by_strategy(tables, answers, vectors, seeds)
    fixed, oracle = quality.mean(axis=0).max(), quality.max(axis=1).mean()
    return Judged(
        list(seeds), _at_budgets(tables, answers, vectors, seeds), gaps, float(fixed), float(oracle)
    )


def _at_budgets(tables: Tables, answers: Grid, vectors: Floats, seeds: Sequence[int]) -> list[AtBudget]:
    options = pool(answers)
    found = {FIXED: [fixed_at_budgets(options, seed) for seed in seeds]}
    for name, estimate in contenders(answers, vectors, options).items():
        tables.progress(f"judge {name}")
        inner = 0 if name == MEANS else INNER
        found[name] = [at_budgets(estimate, options, seed, inner) for seed in seeds]
    resample = Resample(len(options.quality), SAMPLES, 0)
    # a question's quality is its mean over seeds: seeds are no new questions
    quality = {name: np.mean([own[0] for own in each], axis=0) for name, each in found.items()}

    def over(name: str, other: str, number: int) -> list[float]:
        difference = quality[name][number] - quality[other][number]
        return with_ends(difference.mean(), resample.means(difference))

    return [
        AtBudget(
            name,
            budget,
            float(quality[name][number].mean()),
            [float(own[0][number].mean()) for own in each],
            float(np.mean([own[1][number].mean() for own in each])),
            over(name, FIXED, number),
            over(name, MEANS, number),
        )
        for number, budget in enumerate(BUDGETS)
        for name, each in found.items()
    ]


def _by_strategy(
    tables: Tables, answers: Grid, vectors: Floats, seeds: Sequence[int]
) -> tuple[Floats, list[Gap]]:
    """Return quality of the strategies, (n, s), and the estimates that choose among them."""
    table = tables.read(STRATEGY_BY_QUESTION).only(STRATEGIES)
    by_text = {row.text: number for number, row in enumerate(table.rows)}
    rows = [by_text[text] for text in answers.questions if text in by_text]
    kept = [number for number, text in enumerate(answers.questions) if text in by_text]
    quality = table.quality[rows]
    column = [answers.subjects.index("llama31_8b")]
    own, part = vectors[kept], answers.take(kept)
    same = replace(
        part,
        quality=quality[:, :, None],
        input_tokens=part.input_tokens[:, :, column],
        output_tokens=part.output_tokens[:, :, column],
        subjects=["llama31_8b"],
    )
    estimates: dict[str, Contender] = {
        MEANS: means(quality),
        "fitted to this table": ItemResponse(same, own, [0]),
        "fitted to this table, lexical features": ItemResponse(same, None, [0]),
        "shipped model, fitted to the other table": ItemResponse(part, own, column),
    }
    samples = drawn_rows(len(quality))
    gaps = []
    for name, estimate in estimates.items():
        tables.progress(f"judge strategies, {name}")
        chosen = np.mean([best_by_estimate(estimate, quality, seed) for seed in seeds], axis=0)
        share = gap_closed(chosen, quality, samples)
        gaps.append(Gap(name, float(chosen.mean()), with_ends(share[0], share[1:])))
    return quality, gaps


def page(made: Judged) -> Page:
    """Return the figures as a page."""
    budgets = [
        Row(
            [
                each.name,
                f"{each.quality:.3f}",
                f"{min(each.by_seed):.3f}–{max(each.by_seed):.3f}",
                f"{each.cost:.3f}",
                signed(each.over_fixed),
                signed(each.over_means),
            ],
            rule=each.name == FIXED,
        )
        for each in made.budgets
    ]
    spare = {"seeds": 1, "over means alone": 2}
    titles = ("estimate", "EM", "seeds", "$ / 1,000", "over best fixed", "over means alone")
    columns = [Column(title, spare=spare.get(title, 0)) for title in titles]
    titled = [
        Table(columns, budgets[start : start + size], f"at ${budget:.2f}")
        for size in [len(budgets) // len(BUDGETS)]
        for start, budget in zip(range(0, len(budgets), size), BUDGETS, strict=True)
    ]
    gaps = [[each.name, f"{each.quality:.4f}", signed(each.closed)] for each in made.strategies]
    closed = Table([Column(title) for title in ("estimate", "F1", "gap closed")], gaps)
    pool_of = ", ".join(PRICES)
    return Page(
        name="prior",
        command="python -m dynamicrag.lab.priors judge",
        headline=Headline("The prior out of fold"),
        kicker=f"The prior out of fold, {len(made.seeds)} seeds",
        sections=[
            Section(f"Exact match at a mean budget, {pool_of}", titled),
            Section(f"Strategies: best fixed {made.fixed:.4f}, oracle {made.oracle:.4f}", [closed]),
        ],
    )

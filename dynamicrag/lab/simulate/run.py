"""Simulates learners on an outcome table: every learner, at every weight, on the stream of every seed."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dynamicrag.features.base import Embed
from dynamicrag.lab.outcomes.table import OutcomeTable
from dynamicrag.lab.record.partial import Partial
from dynamicrag.lab.routing.problem import judgeable, set_problem
from dynamicrag.lab.simulate.baselines import FIXED, forest_means, utilities
from dynamicrag.lab.simulate.figures import Seeds
from dynamicrag.lab.simulate.inputs import Inputs
from dynamicrag.lab.simulate.learners import starter
from dynamicrag.lab.simulate.recovery import recovery
from dynamicrag.lab.simulate.replays import Progress, Replays, Setting, digest_of
from dynamicrag.lab.simulate.results import BaselineResult, DataFacts, LearnerResult, Simulation, Weighed
from dynamicrag.lab.simulate.scenario import scenario
from dynamicrag.lab.simulate.starts import start
from dynamicrag.lab.simulate.timeline import Timeline, World
from dynamicrag.lab.simulate.weights import Weight, default_weights, given_weights
from dynamicrag.predictors.checks import Floats


def simulate(
    table: OutcomeTable,
    setting: Setting,
    *,
    cost: str | None = None,
    option_cost: Mapping[str, float] | None = None,
    options: Sequence[str] = (),
    embed: Embed | None = None,
    progress: Progress | None = None,
    kept: Partial | None = None,
) -> Simulation:
    """Replay a table as a stream.

    Args:
        table: The table; queries without the outcome of every option are left out.
        setting: The settings.
        cost: Name of the cost, or several joined by ``+``.
        option_cost: Cost of an option wherever the table has none.
        options: Options to route among; all by default.
        embed: The embedding model; ``None`` for lexical features alone.
        progress: Called with how far it is.
        kept: Keeps finished replays.

    Raises:
        InputError: The table, the start or a change cannot be used.
    """
    problem = set_problem(table, cost=cost, given=option_cost, only=options)
    notes = list(problem.notes)
    side = judgeable(problem.learn.columns(problem.columns), problem.options, table.name, notes)
    own = start(
        setting.start, table.name, problem.options, side.texts, embed,
        embedder=setting.embedder, abilities=setting.abilities or {},
    )  # fmt: skip
    inputs = Inputs.of(side.texts, embed)
    world = World(problem.options, inputs(side.texts), own.base, side.quality, side.cost, side.groups)
    recorded = None if own.recorded is None else inputs(own.recorded[0])
    weights = (
        given_weights(list(setting.weights))
        if setting.weights
        else default_weights(world.quality.mean(axis=0), world.expected)
    )
    fresh = {name: starter(spec, own, world.X, recorded, 0) for name, spec in setting.learners.items()}
    digest = digest_of(world, recorded, setting)
    replays = Replays(world, setting, fresh, digest, kept, progress, weights)
    forest = forest_means(world, side.texts, 0)
    weighed = {each.name: _weighed(replays, each, setting, forest) for each in weights}
    return Simulation(
        data=DataFacts(
            table=table.name,
            queries=len(side),
            options=problem.options,
            features=world.X.shape[1],
            cost=problem.cost or None,
            start=setting.start,
            changes=setting.shown,
            explore=setting.explore,
        ),
        middle=weighed[weights[0].name],
        weights={each.name: weighed[each.name] for each in weights[1:]},
        notes=[*notes, *own.notes],
    )


def _weighed(replays: Replays, weight: Weight, setting: Setting, forest: Floats) -> Weighed:
    number = setting.seeds if weight.name == "middle" else setting.others
    lines = [scenario(replays.world, weight.value, seed, setting.changes) for seed in range(number)]
    each = [utilities(line, forest) for line in lines]
    seeds = Seeds.of({name: np.stack([own[name] for own in each]) for name in each[0]})
    fixed = [line.options[line.best()] for line in lines]
    return Weighed(
        weight.value,
        number,
        {name: _learner(replays, name, weight.value, lines, seeds, setting) for name in replays.fresh},
        {
            name: BaselineResult(
                float(own.mean()), seeds.curve(own)[-1].regret, seeds.curve(own),
                max(set(fixed), key=fixed.count) if name == FIXED else None,
            )
            for name, own in seeds.baselines.items()
        },
    )  # fmt: skip


def _learner(
    replays: Replays, name: str, weight: float, lines: Sequence[Timeline], seeds: Seeds, setting: Setting
) -> LearnerResult:
    made = [replays.of(name, weight, seed, line) for seed, line in enumerate(lines)]
    chosen = np.stack([each for each, _ in made])
    own = np.stack([line.of(each) for line, each in zip(lines, chosen, strict=True)])
    share, recent = seeds.shares(own)
    utility = seeds.mean(own.mean(axis=1))
    taken = np.bincount(chosen.ravel(), minlength=len(lines[0].options)) / chosen.size
    return LearnerResult(
        utility=float(own.mean()),
        interval=utility.interval,
        quality=float(np.mean([_at(line.quality, each) for line, each in zip(lines, chosen, strict=True)])),
        cost=float(np.mean([_at(line.cost, each) for line, each in zip(lines, chosen, strict=True)])),
        regret=seeds.curve(own)[-1].regret,
        gain=seeds.gain(own),
        last_half=seeds.gain(own, own.shape[1] // 2),
        calls=dict(zip(lines[0].options, taken.tolist(), strict=True)),
        share=share,
        recent=recent,
        curve=seeds.curve(own),
        after_change=recovery(lines, own, seeds) if setting.changes else None,
        microseconds=float(np.median([time for _, time in made])),
    )


def _at(values: Floats, chosen: NDArray[np.intp]) -> float:
    return float(values[np.arange(len(chosen)), chosen].mean())

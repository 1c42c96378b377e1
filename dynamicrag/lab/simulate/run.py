"""Simulates learners on an outcome table: every learner, at every weight, on the stream of every seed."""

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dynamicrag.features.base import Embed
from dynamicrag.lab.json_lines import as_json
from dynamicrag.lab.outcomes.table import OutcomeTable
from dynamicrag.lab.routing.problem import Side, judgeable, set_problem
from dynamicrag.lab.simulate.baselines import FIXED, forest_means, utilities
from dynamicrag.lab.simulate.changes.base import Change
from dynamicrag.lab.simulate.figures import Seeds
from dynamicrag.lab.simulate.inputs import Inputs
from dynamicrag.lab.simulate.learners import Fresh, starter
from dynamicrag.lab.simulate.recovery import recovery
from dynamicrag.lab.simulate.replay import replay
from dynamicrag.lab.simulate.results import (
    BaselineResult,
    DataFacts,
    LearnerResult,
    Simulation,
    Weighed,
)
from dynamicrag.lab.simulate.scenario import draws, scenario
from dynamicrag.lab.simulate.starts import start
from dynamicrag.lab.simulate.timeline import Timeline, World
from dynamicrag.lab.simulate.weights import Weight, default_weights, given_weights
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.exploration import Exploration

Progress = Callable[[int, int, str], None]
"""Called with the replays done, all replays, and the name of the work."""
SEEDS, OTHER_SEEDS = 20, 3


class Kept(Protocol):
    """Replays that are kept, so that an interrupted simulation continues."""

    def open(self, *, fresh: bool = False) -> Iterable[dict[str, Any]]:
        """Return the records so far."""

    def write(self, record: Mapping[str, Any]) -> None:
        """Keep a record."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How to simulate.

    Attributes:
        learners: Specs of learners, by the name that is shown.
        changes: The changes.
        shown: The changes as they were given.
        weights: Weights of cost, the first with all seeds; none for the default.
        seeds: Number of seeds at the first weight.
        others: Number of seeds at the other weights.
        start: Source of the start; see :func:`.starts.start`.
        abilities: Accuracies of models for the prior.
        explore: The exploration; ``None`` for each learner's own.
        embedder: Name of the embedding model.
    """

    learners: Mapping[str, object]
    changes: Sequence[Change] = ()
    shown: Sequence[object] = ()
    weights: Sequence[float] = ()
    seeds: int = SEEDS
    others: int = OTHER_SEEDS
    start: str = "none"
    abilities: Mapping[str, float] | None = None
    explore: Exploration | None = None
    embedder: str = ""


def simulate(
    table: OutcomeTable,
    setting: Setting,
    *,
    cost: str | None = None,
    option_cost: Mapping[str, float] | None = None,
    options: Sequence[str] = (),
    embed: Embed | None = None,
    progress: Progress | None = None,
    kept: Kept | None = None,
) -> Simulation:
    """Replay a table as a stream.

    Args:
        table: The table; queries without the outcome of every option are left out.
        setting: How to simulate.
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
    world, recorded = _world(problem.options, side, own.base, own.recorded, embed)
    weights = (
        given_weights(list(setting.weights))
        if setting.weights
        else default_weights(world.quality.mean(axis=0), world.expected)
    )
    fresh = {name: starter(spec, own, world.X, recorded, 0) for name, spec in setting.learners.items()}
    digest = _digest(world, recorded, setting)
    replays = _Replays(world, setting, fresh, digest, kept, progress, weights)
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


def _world(
    options: tuple[str, ...],
    side: Side,
    base: Floats,
    recorded: tuple[Sequence[str], Floats] | None,
    embed: Embed | None,
) -> tuple[World, Floats | None]:
    """Return the table as arrays, and the features of recorded questions."""
    inputs = Inputs.of(side.texts, embed)
    world = World(options, inputs(side.texts), base, side.quality, side.cost, side.groups)
    return world, None if recorded is None else inputs(recorded[0])


class _Replays:
    """Replays, made or read from those kept."""

    def __init__(
        self,
        world: World,
        setting: Setting,
        fresh: Mapping[str, Fresh],
        digest: str,
        kept: Kept | None,
        progress: Progress | None,
        weights: Sequence[Weight],
    ) -> None:
        self.world, self.fresh = world, fresh
        self._setting, self._digest, self._kept, self._progress = setting, digest, kept, progress
        known = [] if kept is None else [each for each in kept.open() if each.get("of") == digest]
        self._known = {(each["learner"], each["weight"], each["seed"]): each for each in known}
        self._total = len(fresh) * (setting.seeds + setting.others * (len(weights) - 1))
        self._done = 0

    def of(self, name: str, weight: float, seed: int, line: Timeline) -> tuple[NDArray[np.intp], float]:
        """Return a learner's choices on a stream, (n,), and its microseconds per query."""
        if self._progress is not None:
            self._progress(self._done, self._total, "replaying")
        self._done += 1
        record = self._known.get((name, weight, seed))
        if record is None:
            begun = time.perf_counter()
            chosen = replay(self.fresh[name], self.world, line, draws(seed), self._setting.explore)
            taken = 1e6 * (time.perf_counter() - begun) / len(line)
            record = {"of": self._digest, "learner": name, "weight": weight, "seed": seed}
            record |= {"chosen": chosen.tolist(), "microseconds": taken}
            if self._kept is not None:
                self._kept.write(record)
        if self._progress is not None:
            self._progress(self._done, self._total, "replaying")
        return np.array(record["chosen"], dtype=np.intp), float(record["microseconds"])


def _weighed(replays: _Replays, weight: Weight, setting: Setting, forest: Floats) -> Weighed:
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
    replays: _Replays, name: str, weight: float, lines: Sequence[Timeline], seeds: Seeds, setting: Setting
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


def _digest(world: World, recorded: Floats | None, setting: Setting) -> str:
    """Return the identity of the replays: kept ones of other data or another setting are not used."""
    digest = hashlib.sha256()
    for array in (world.X, world.base, world.quality, world.cost, recorded):
        digest.update(b"" if array is None else np.ascontiguousarray(array).tobytes())
    facts: list[Any] = [list(world.options), list(world.groups), list(setting.shown), repr(setting.explore)]
    digest.update(as_json([*facts, {name: repr(spec) for name, spec in setting.learners.items()}]).encode())
    return digest.hexdigest()[:16]

"""Replays of learners, made or read from those that an interrupted simulation kept."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynamicrag.lab.json_lines import as_json
from dynamicrag.lab.record.partial import Partial
from dynamicrag.lab.simulate.changes.base import Change
from dynamicrag.lab.simulate.learners import Fresh
from dynamicrag.lab.simulate.replay import replay
from dynamicrag.lab.simulate.scenario import draws
from dynamicrag.lab.simulate.timeline import Timeline, World
from dynamicrag.lab.simulate.weights import Weight
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.exploration import Exploration

Progress = Callable[[int, int, str], None]
"""Called with the replays done, all replays, and the name of the work."""
SEEDS, OTHER_SEEDS = 20, 3


@dataclass(frozen=True, slots=True)
class Setting:
    """The settings of a simulation.

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


class Replays:
    """Replays, made or read from those kept."""

    def __init__(
        self,
        world: World,
        setting: Setting,
        fresh: Mapping[str, Fresh],
        digest: str,
        kept: Partial | None,
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
        self._report()
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
        self._report()
        return np.array(record["chosen"], dtype=np.intp), float(record["microseconds"])

    def _report(self) -> None:
        if self._progress is not None:
            self._progress(self._done, self._total, "replaying")


def digest_of(world: World, recorded: Floats | None, setting: Setting) -> str:
    """Return the identity of the replays: kept ones of other data or another setting are not used."""
    digest = hashlib.sha256()
    for array in (world.X, world.base, world.quality, world.cost, recorded):
        digest.update(b"" if array is None else np.ascontiguousarray(array).tobytes())
    learners = {name: repr(spec) for name, spec in setting.learners.items()}
    facts = [world.options, world.groups, setting.shown, repr(setting.explore), learners]
    digest.update(as_json(facts).encode())
    return digest.hexdigest()[:16]

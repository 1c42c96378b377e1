"""The setting of a calibration: λ or a single path, and the thresholds of verification; or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dynamicrag.lab.calibrate.forecast import Forecast
from dynamicrag.lab.calibrate.realised import Realised, realise
from dynamicrag.lab.calibrate.replay import jointly, walk
from dynamicrag.lab.calibrate.standing import gain
from dynamicrag.lab.calibrate.target import Target
from dynamicrag.lab.calibrate.walked import Verdicts, Walked, Walks
from dynamicrag.lab.calibrate.world import Rows, World
from dynamicrag.policy.policy import Policy
from dynamicrag.registry import parse_spec
from dynamicrag.routers.thresholds import Thresholds
from dynamicrag.topology import VERIFICATION

TRIED = tuple({"groundedness": g, "token_margin": m} for g in (0.0, 0.3, 0.5) for m in (0.0, 0.1, 0.2))
LOOSEST = 0
"""With these thresholds, only drafts that say themselves that there is no answer are not accepted."""


def tightened(walks: Walks | None, *, shown: bool) -> list[Verdicts]:
    """Return a policy's verification under the thresholds of ``TRIED``.

    It is empty where the policy cannot be walked, or where the thresholds' signals were not recorded.
    """
    if walks is None or not shown:
        return []
    verification = walks.pipeline.verification
    params = parse_spec(walks.pipeline.policy.stages[VERIFICATION].router, "router")[1]
    return [Verdicts(walks, verification.routed(Thresholds(**{**params, **limits}))) for limits in TRIED]


def _judged(world: World, index: Rows, verdicts: Verdicts | None) -> Realised:
    """Return the figures of paths, (n,) or (m, n); without verdicts, every draft is accepted."""
    return realise(world, index) if verdicts is None else verdicts.apply(index)


def shows(policy: Policy, world: World, notes: list[str]) -> bool:
    """Return whether a policy has thresholds and their signals were recorded."""
    router = policy.stages[VERIFICATION].router
    if router is None or parse_spec(router, "router")[0] != "thresholds":
        return False
    own = Thresholds(**parse_spec(router, policy.where("stages", VERIFICATION, "router"))[1])
    read = dict.fromkeys(limit.signal for limit in own.limits if limit.bounds)
    lacking = [name for name in read if name not in world.signals]
    if len(lacking) == len(read):
        notes.append(
            "no verifier's signals were recorded: verification stays as it is, and what its escalations "
            "cost is not in these figures"
        )
        return False
    if lacking:
        notes.append(
            f"{', '.join(lacking)}: not recorded, so what these thresholds lead to is not in the figures"
        )
    return True


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting.

    Attributes:
        lam: Factor on the policy's weights; ``None`` where nothing is learnt.
        path: The path that is always taken, if one is; with neither, the policy stands as it is.
        checks: The thresholds of verification, by number; ``None`` where they stay as they are.
        missed: Why the target was missed on the questions it was set on; empty if it was not.
        highest: The most that a taken path is expected to cost on any question, by dimension.
    """

    lam: float | None
    path: int | None
    checks: int | None
    missed: str
    highest: Mapping[str, float]

    @property
    def thresholds(self) -> Mapping[str, float]:
        """The thresholds that are set."""
        return {} if self.checks is None else TRIED[self.checks]

    @property
    def stands(self) -> bool:
        """Whether the policy stands as it is."""
        return self.lam is None and self.path is None

    def apply(
        self,
        world: World,
        made: Forecast,
        weights: Mapping[str, float],
        tried: Sequence[Verdicts],
        own: Walked | None,
    ) -> Realised:
        """Return the setting's realised figures; ``own`` are the policy's own walks."""
        if self.lam is not None:
            index = jointly(world, made, self.lam * made.price(weights))
        elif self.path is not None:
            index = np.full(len(world), self.path, dtype=np.intp)
        else:
            assert own is not None, "a policy stands only where its own routers can say"
            return own.realised(world)
        return _judged(world, index, None if self.checks is None else tried[self.checks])


def set_to(
    world: World,
    made: Forecast,
    weights: Mapping[str, float],
    target: Target,
    tried: Sequence[Verdicts],
    own: Walked | None,
) -> Setting:
    """Return the setting that reaches a target: a λ, or a single path or none where that does it for less.

    Thresholds are then raised from the loosest only where that is worth its cost by more than a standard
    error, and breaks no limit.

    Args:
        world: The questions.
        made: Predictions for every path.
        weights: Quality that a unit of cost is worth at λ = 1.
        target: The target.
        tried: The policy's verification under other thresholds, from :func:`tightened`.
        own: The policy's own walks; ``None`` where it cannot be walked.
    """
    path = walk(jointly, world, made, made.price(weights))
    fixed = np.repeat(np.arange(len(world.names))[:, None], len(world), axis=1)
    ways = np.concatenate([path.index, fixed])
    loosest = tried[LOOSEST] if tried else None
    judged = _judged(world, ways, loosest)
    quality = judged.quality.mean(axis=1)
    costs = {name: cost.mean(axis=1) for name, cost in judged.costs.items()}
    if own is not None:
        ways, itself = np.concatenate([ways, own.first[None]]), own.realised(world)
        quality = np.append(quality, itself.quality.mean())
        costs = {name: np.append(cost, itself.costs[name].mean()) for name, cost in costs.items()}
    position, missed = target.aim(world, quality, costs)
    at = position - len(path.lam)
    lam = float(path.lam[position]) if at < 0 else None
    index, rows = ways[position], np.arange(len(world))
    highest = {name: float(cost[rows, index].max()) for name, cost in made.costs.items()}
    setting = Setting(lam, at if 0 <= at < len(fixed) else None, None, missed, highest)
    if setting.stands or loosest is None:
        return setting
    worth = {name: (1.0 if lam is None else lam) * weight for name, weight in weights.items()}
    return replace(setting, checks=_best(index, tried, worth, target))


def _best(index: Rows, tried: Sequence[Verdicts], worth: Mapping[str, float], target: Target) -> int:
    """Return the thresholds of the highest utility that breaks no limit."""
    best, most = LOOSEST, 0.0
    base = tried[LOOSEST].apply(index).utility(worth)
    for number, verdicts in enumerate(tried):
        made = verdicts.apply(index)
        over = any(made.costs[name].mean() > limit for name, limit in target.limits.items())
        found = gain(made.utility(worth), base, 0, 0)
        if not over and found.sure and found.gain > most:
            best, most = number, found.gain
    return best

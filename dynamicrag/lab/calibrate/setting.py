"""What a calibration sets: λ or a single path, and the thresholds of verification; or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from dynamicrag.lab.calibrate.came import Came, came
from dynamicrag.lab.calibrate.forecast import Forecast
from dynamicrag.lab.calibrate.replay import jointly, walk
from dynamicrag.lab.calibrate.standing import gain
from dynamicrag.lab.calibrate.target import Target, aim
from dynamicrag.lab.calibrate.walked import Verdicts, Walked, Walks
from dynamicrag.lab.calibrate.world import Rows, World
from dynamicrag.policy import Policy
from dynamicrag.predictors.checks import Floats
from dynamicrag.registry import parse_spec
from dynamicrag.routers.thresholds import Thresholds
from dynamicrag.topology import VERIFICATION

LOOSEST = {"groundedness": 0.0, "token_margin": 0.0}
"""With these, only what says itself that it has no answer is not accepted."""
TRIED = tuple({"groundedness": g, "token_margin": m} for g in (0.0, 0.3, 0.5) for m in (0.0, 0.1, 0.2))


class Check:
    """A policy's verification by thresholds, with other thresholds, as far as recorded drafts can show it.

    Args:
        walks: Walks of the policy; ``None`` where it cannot be walked.
        shown: Whether the thresholds' signals were recorded.
    """

    def __init__(self, walks: Walks | None, *, shown: bool) -> None:
        self._tried: list[Verdicts] = []
        if walks is not None and shown:
            verification = walks.pipeline.verification
            params = parse_spec(walks.pipeline.policy.stages[VERIFICATION].router, "router")[1]
            routers = [Thresholds(**{**params, **limits}) for limits in TRIED]
            self._tried = [Verdicts(walks, verification.routed(router)) for router in routers]

    def __len__(self) -> int:
        """Return the number of thresholds that can be tried: those of ``TRIED``, or none."""
        return len(self._tried)

    def judge(self, world: World, index: Rows, number: int | None) -> Came:
        """Return what paths, (n,) or (m, n), come to under thresholds, by number; none accepts all."""
        return came(world, index) if number is None else self._tried[number].apply(index)


def shows(policy: Policy, world: World, notes: list[str]) -> bool:
    """Return whether a policy has thresholds, and signals that they read were recorded."""
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
    """What a calibration comes to.

    Attributes:
        lam: How many times the policy's weights costs are reckoned; ``None`` where nothing is learnt.
        path: The path that is always taken, where one is; with neither, the policy stands as it is.
        checks: Which thresholds verification has, by position; ``None`` where it stays as it is.
        missed: Why the target is not reached where it was set, if it is not.
        dearest: The most that a taken path is expected to cost on any question, by dimension.
    """

    lam: float | None
    path: int | None
    checks: int | None
    missed: str
    dearest: Mapping[str, float]

    @property
    def thresholds(self) -> Mapping[str, float]:
        """The thresholds that are set."""
        return {} if self.checks is None else TRIED[self.checks]

    @property
    def stands(self) -> bool:
        """Whether the policy stands as it is."""
        return self.lam is None and self.path is None

    def apply(
        self, world: World, made: Forecast, weights: Mapping[str, float], check: Check, own: Walked | None
    ) -> Came:
        """Return what comes of it; ``own`` is what the policy itself comes to."""
        if self.lam is not None:
            index = jointly(world, made, self.lam * made.price(weights))
        elif self.path is not None:
            index = np.full(len(world), self.path, dtype=np.intp)
        else:
            assert own is not None, "a policy stands only where its own routers can say"
            return own.came(world)
        return check.judge(world, index, self.checks)


def set_to(
    world: World,
    made: Forecast,
    weights: Mapping[str, float],
    target: Target,
    check: Check,
    own: Walked | None,
) -> Setting:
    """Return the setting that comes to a target: a λ, or a single path or none where that does it for less.

    Thresholds are then raised from the loosest only where that is worth its cost by more than a standard
    error, and breaks no limit.

    Args:
        world: The questions.
        made: What is expected of every path.
        weights: What a unit of cost is worth at λ = 1.
        target: The target.
        check: The policy's verification with other thresholds.
        own: What becomes of the questions under the policy itself; ``None`` where it cannot be walked.
    """
    path = walk(jointly, world, made, made.price(weights))
    fixed = np.repeat(np.arange(len(world.names))[:, None], len(world), axis=1)
    ways = np.concatenate([path.index, fixed])
    loosest = TRIED.index(LOOSEST) if len(check) else None
    judged = check.judge(world, ways, loosest)
    if own is not None:
        ways = np.concatenate([ways, own.first[None]])
        judged = judged.beside(own.came(world))
    found = aim(world, judged, target)
    at = found.position - len(path.lam)
    lam = float(path.lam[found.position]) if at < 0 else None
    fixed_at = at if 0 <= at < len(fixed) else None
    index = ways[found.position]
    rows = np.arange(len(world))
    dearest = {name: float(cost[rows, index].max()) for name, cost in made.costs.items()}
    worth = {name: (1.0 if lam is None else lam) * weight for name, weight in weights.items()}
    setting = Setting(lam, fixed_at, None, found.missed, dearest)
    if setting.stands:
        return setting
    return replace(setting, checks=_tightened(world, index, check, loosest, worth, target))


def _tightened(
    world: World, index: Rows, check: Check, loosest: int | None, worth: Mapping[str, float], target: Target
) -> int | None:
    best, most = loosest, 0.0
    if loosest is None:
        return None
    base = _utility(check.judge(world, index, loosest), worth)
    for number in range(len(check)):
        made = check.judge(world, index, number)
        over = any(made.costs[name].mean() > limit for name, limit in target.limits.items())
        found = gain(_utility(made, worth), base, 0, 0)
        if not over and found["sure"] and found["gain"] > most:
            best, most = number, found["gain"]
    return best


def _utility(made: Came, worth: Mapping[str, float]) -> Floats:
    total = made.quality
    for name, weight in worth.items():
        total = total - weight * made.costs[name]
    return total

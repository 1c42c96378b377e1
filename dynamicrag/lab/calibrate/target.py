"""What a policy is to reach, and which of the choices at hand comes to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from dynamicrag.errors import InputError
from dynamicrag.lab.calibrate.came import Came
from dynamicrag.lab.calibrate.world import World
from dynamicrag.lab.routing.curve import Curve
from dynamicrag.lab.routing.path import walk
from dynamicrag.predictors.checks import Floats


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be reached on average.

    Attributes:
        quality: Least quality, as a share of the best single path's.
        limits: Most of a cost per query, by dimension.
    """

    quality: float | None = None
    limits: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        told = [f"quality ≥ {self.quality:g} of the best single path's"] if self.quality is not None else []
        return ", ".join([*told, *(f"{name} ≤ {limit:g} a query" for name, limit in self.limits.items())])

    def check(self, world: World) -> None:
        """Refuse what not even a router that knows every outcome could reach together.

        Raises:
            InputError: No target, one out of range, of a cost that is not there, or ones that contradict.
        """
        if self.quality is None and not self.limits:
            raise InputError("calibrate: no target; give --quality, --joules, --usd-per-1000 or --most")
        if self.quality is not None and not 0 < self.quality <= 10:
            raise InputError(f"--quality {self.quality:g}: expected a share of the best path's, such as 0.98")
        for name, limit in self.limits.items():
            if not limit > 0:
                raise InputError(f"{name} ≤ {limit:g}: expected a number above 0")
            if name not in world.costs:
                raise InputError(
                    f"{world.table}: no path has any {name} in it, so none can be aimed at; "
                    f"there are {', '.join(world.costs)}"
                )
            if self.quality is not None:
                self._together(world, name, limit, self.quality)

    def _together(self, world: World, name: str, limit: float, share: float) -> None:
        need = share * float(world.quality[:, world.best].mean())
        best = walk(world.quality, world.costs[name])
        points = best.of(world.costs[name]).mean(axis=1), best.of(world.quality).mean(axis=1)
        least = Curve.of(*points).cost_at(need)
        if np.isfinite(least) and least > limit:
            raise InputError(
                f"the targets contradict each other: a quality of {need:.3f} ({share:g} of "
                f"{world.names[world.best]}'s) takes {least:.4g} {name} a query at least, by a router that "
                f"knows every outcome, and {limit:g} are allowed; lower --quality or raise the limit"
            )


@dataclass(frozen=True, slots=True)
class Aim:
    """Which of the choices comes to the target.

    Attributes:
        position: Which it is.
        missed: Why it is not reached, where it is not.
    """

    position: int
    missed: str = ""


def aim(world: World, made: Came, target: Target) -> Aim:
    """Return which of several ways to choose comes to a target, at the least cost or with the most quality.

    Args:
        world: The questions.
        made: What m ways to choose came to, (m, n) each.
        target: The target.
    """
    quality = made.quality.mean(axis=1)
    costs = {name: cost.mean(axis=1) for name, cost in made.costs.items()}
    need = None if target.quality is None else target.quality * float(world.quality[:, world.best].mean())
    over = np.zeros(len(quality))
    for name, limit in target.limits.items():
        over = np.maximum(over, costs[name] / limit - 1)
    if (over > 0).all():
        return Aim(_first(over, -quality), _too_dear(costs, target))
    within = over <= 0
    if need is None:
        return Aim(_first(np.where(within, -quality, np.inf), costs[world.spent]))
    good = within & (quality >= need - 1e-9)
    if good.any():
        return Aim(_first(np.where(good, costs[world.spent], np.inf), -quality))
    position = _first(np.where(within, -quality, np.inf), costs[world.spent])
    limits = " within the limits" if target.limits else ""
    most = f"the most that is reached{limits} is a quality of {quality[position]:.3f}"
    return Aim(position, f"{most}, and {need:.3f} is wanted")


def _first(key: Floats, then: Floats) -> int:
    return int(np.lexsort((then, key))[0])


def _too_dear(costs: Mapping[str, Floats], target: Target) -> str:
    told = [
        f"{name} {costs[name].min():.4g} a query at least, and {limit:g} are allowed"
        for name, limit in target.limits.items()
        if costs[name].min() > limit
    ]
    return "; ".join(told) or "no choice keeps to all limits at once"

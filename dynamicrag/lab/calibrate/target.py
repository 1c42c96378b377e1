"""The target of a policy, and the choice that reaches it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from dynamicrag.errors import InputError
from dynamicrag.lab.calibrate.world import World
from dynamicrag.lab.routing.path import walk
from dynamicrag.predictors.checks import Floats


@dataclass(frozen=True, slots=True)
class Target:
    """A target for the means.

    Attributes:
        quality: Least quality, as a share of the best single path's.
        limits: Most of a cost per query, by dimension.
    """

    quality: float | None = None
    limits: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        parts = [f"{name} ≤ {limit:g} a query" for name, limit in self.limits.items()]
        if self.quality is not None:
            parts.insert(0, f"quality ≥ {self.quality:g} of the best single path's")
        return ", ".join(parts)

    def needed(self, world: World) -> float | None:
        """Return the least quality; ``None`` if there is none."""
        return None if self.quality is None else self.quality * float(world.quality[:, world.best].mean())

    def check(self, world: World) -> None:
        """Refuse a target that even a router with all outcomes could not reach.

        Raises:
            InputError: There is no target, or it is out of range, of a cost that was not recorded, or
                contradicts itself.
        """
        if self.quality is None and not self.limits:
            raise InputError("calibrate: no target; give --quality, --joules, --usd-per-1000 or --most")
        if self.quality is not None and not 0 < self.quality <= 10:
            raise InputError(f"--quality {self.quality:g}: expected a share of the best path's, such as 0.98")
        need = self.needed(world)
        for name, limit in self.limits.items():
            if not limit > 0:
                raise InputError(f"{name} ≤ {limit:g}: expected a number above 0")
            if name not in world.costs:
                raise InputError(
                    f"{world.table}: no path has any {name} in it, so none can be aimed at; "
                    f"there are {', '.join(world.costs)}"
                )
            if need is None:
                continue
            cost = world.costs[name]
            least = walk(world.quality, cost).curve(cost, world.quality).cost_at(need)
            if np.isfinite(least) and least > limit:
                raise InputError(
                    f"the targets contradict each other: a quality of {need:.3f} ({self.quality:g} of "
                    f"{world.names[world.best]}'s) takes {least:.4g} {name} a query at least, by a router "
                    f"that knows every outcome, and {limit:g} are allowed; lower --quality or raise the limit"
                )

    def aim(self, world: World, quality: Floats, costs: Mapping[str, Floats]) -> tuple[int, str]:
        """Return the best way to choose that reaches the target: of the least cost or the most quality.

        Args:
            world: The questions.
            quality: Mean quality of m ways, (m,).
            costs: Their mean costs by dimension, (m,) each.

        Returns:
            Its position, and why it misses the target; empty if it does not.
        """
        over = np.zeros(len(quality))
        for name, limit in self.limits.items():
            over = np.maximum(over, costs[name] / limit - 1)
        if (over > 0).all():
            excess = [
                f"{name} {costs[name].min():.4g} a query at least, and {limit:g} are allowed"
                for name, limit in self.limits.items()
                if costs[name].min() > limit
            ]
            return _first(over, -quality), "; ".join(excess) or "no choice keeps to all limits at once"
        within, spent, need = over <= 0, costs[world.spent], self.needed(world)
        good = within if need is None else within & (quality >= need - 1e-9)
        if need is not None and good.any():
            return _first(np.where(good, spent, np.inf), -quality), ""
        position = _first(np.where(within, -quality, np.inf), spent)
        if need is None:
            return position, ""
        limits = " within the limits" if self.limits else ""
        most = f"the most that is reached{limits} is a quality of {quality[position]:.3f}"
        return position, f"{most}, and {need:.3f} is wanted"


def _first(key: Floats, then: Floats) -> int:
    return int(np.lexsort((then, key))[0])

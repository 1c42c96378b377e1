"""What the energy account of this host expects of the recorded paths, beside what they cost there."""

from typing import Any

import numpy as np

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.calibrate.world import World
from dynamicrag.stages.decide import Decider

ASKED = 50
"""Questions that are priced."""
FAR = 1.33
"""Times by which an expectation may be off before a reader is told."""


def expected(world: World, decider: Decider) -> dict[str, dict[str, dict[str, float]]]:
    """Return what the account expects and what was recorded, by path and dimension, on average."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for k, (name, path) in enumerate(zip(world.names, world.paths, strict=True)):
        costs = [decider.price(query.text, path) for query in world.seen[:ASKED]]
        found[name] = {
            dimension: {
                "expected": float(np.mean([cost[dimension] for cost in costs])),
                "recorded": float(world.costs[dimension][:ASKED, k].mean()),
            }
            for dimension in DIMENSIONS
            if dimension in world.costs
        }
    return found


def remark(found: dict[str, dict[str, dict[str, float]]], dimension: str) -> str | None:
    """Return a remark where the account is far from what was recorded; λ would then weigh other costs."""
    pairs = [own[dimension] for own in found.values() if dimension in own]
    recorded = sum(pair["recorded"] for pair in pairs)
    if not recorded:
        return None
    ratio = sum(pair["expected"] for pair in pairs) / recorded
    if 1 / FAR <= ratio <= FAR:
        return None
    return (
        f"this host's account expects {ratio:.2f} times the {dimension} that were recorded, so what is "
        "promised will not hold here: ask some 30 questions of every model, so that it learns, or record here"
    )


def summary(world: World, decider: Decider) -> dict[str, Any]:
    """Return :func:`expected`, and its remarks as ``notes``."""
    found = expected(world, decider)
    notes = [remark(found, d) for d in ("joules", "seconds", "usd") if d in world.costs]
    return {"paths": found, "notes": [note for note in notes if note]}

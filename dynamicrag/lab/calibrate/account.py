"""The costs that this host's energy account expects of the recorded paths, beside the recorded ones."""

from collections.abc import Mapping

import numpy as np

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.calibrate.world import World
from dynamicrag.stages.decide import Decider

ASKED = 50
"""Questions that are priced."""
FAR = 1.33
"""Factor by which an expectation may be off without a note."""
Account = Mapping[str, Mapping[str, Mapping[str, float]]]


def expected_costs(world: World, decider: Decider) -> Account:
    """Return the mean expected and recorded costs, by path and dimension."""
    found = {}
    for k, (name, path) in enumerate(zip(world.names, world.paths, strict=True)):
        costs = [decider.price(text, path) for text in world.texts[:ASKED]]
        found[name] = {
            dimension: {
                "expected": float(np.mean([cost[dimension] for cost in costs])),
                "recorded": float(world.costs[dimension][:ASKED, k].mean()),
            }
            for dimension in DIMENSIONS
            if dimension in world.costs
        }
    return found


def remarks(account: Account) -> list[str]:
    """Return a note for each dimension whose expectation is far off; λ would then weigh other costs."""
    notes = []
    for dimension in ("joules", "seconds", "usd"):
        pairs = [own[dimension] for own in account.values() if dimension in own]
        recorded = sum(pair["recorded"] for pair in pairs)
        ratio = sum(pair["expected"] for pair in pairs) / recorded if recorded else 1.0
        if not 1 / FAR <= ratio <= FAR:
            notes.append(
                f"this host's account expects {ratio:.2f} times the {dimension} that were recorded, so what "
                "is promised will not hold here: ask some 30 questions of every model, so that it learns, or "
                "record here"
            )
    return notes

"""Where an escalation's gain comes from: the stages in which the accepted path differs from the first."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from dynamicrag.escalation.base import ABSTAIN
from dynamicrag.escalation.replay import Played
from dynamicrag.lab.cascade.trials import Trials
from dynamicrag.lab.routing.resample import Resample, interval
from dynamicrag.routers.paths import REFINE, VERIFICATION
from dynamicrag.topology import TOPOLOGY

KEPT, GAVE_UP = "kept", "abstained"


def by_stage(trials: Trials, taken: Played, resample: Resample) -> list[dict[str, Any]]:
    """Return what further drafts added to quality and cost, by what they changed, most queries first.

    Args:
        trials: What is judged by.
        taken: What the policy came to.
        resample: Samples of the queries.
    """
    if not trials.paths:
        return []
    rows = np.arange(len(trials))
    first = np.maximum(taken.first, 0)
    gain = taken.quality - trials.quality[rows, first]
    more = taken.cost - trials.cost[rows, first]
    groups: dict[tuple[str, ...], list[int]] = {}
    for row in np.flatnonzero((taken.tried.sum(axis=1) > 1) & (taken.first >= 0)):
        last = taken.accepted[row]
        if last == ABSTAIN:
            change: tuple[str, ...] = (GAVE_UP,)
        else:
            change = changed(trials.paths[taken.first[row]], trials.paths[last]) or (KEPT,)
        groups.setdefault(change, []).append(int(row))
    found = []
    for change, own in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        inside = np.zeros(len(trials))
        inside[own] = 1.0
        found.append({
            "stages": list(change), "queries": len(own), "gain": (gain * inside).mean(),
            "cost": (more * inside).mean(), "interval": interval(resample.means(gain * inside)),
        })  # fmt: skip
    return found


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """Return the stages that differ, with ``refine`` where one draft was mended and the other not.

    Of what retrieval brings along, only what both have: a path without retrieval has no retriever and no
    context, and that these come to be is no decision of theirs.
    """
    both = [stage for stage in TOPOLOGY if stage in before and stage in after]
    different = tuple(stage for stage in both if before[stage] != after[stage]) or tuple(
        stage for stage in TOPOLOGY if before.get(stage) != after.get(stage)
    )
    return tuple(REFINE if stage == VERIFICATION else str(stage) for stage in different)

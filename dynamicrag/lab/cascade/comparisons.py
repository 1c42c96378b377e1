"""A policy's chosen point in detail: over the router alone, by stage, on questions without an answer."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dynamicrag.escalation.base import ABSTAIN
from dynamicrag.escalation.beliefs import Positions
from dynamicrag.escalation.replay import Played
from dynamicrag.lab.cascade.results import Counted, OverRouter, StageGain, Unanswered
from dynamicrag.lab.cascade.trials import Trials
from dynamicrag.lab.routing.curve import Curve
from dynamicrag.lab.routing.resample import Resample, interval
from dynamicrag.predictors.checks import Floats
from dynamicrag.routers.paths import REFINE
from dynamicrag.topology import TOPOLOGY, VERIFICATION


def over_router(policy: Played, router: Played, resample: Resample) -> OverRouter:
    """Compare a policy with the router alone, at equal mean cost.

    The router's curve is read in hindsight and the policy's point was chosen beforehand, so the comparison
    favours the router. It also does where nothing of the router's is as cheap: its cheapest point stands in.

    Args:
        policy: The policy at its chosen λ, (n,).
        router: The router at every λ, (m, n).
        resample: Samples of the queries.
    """
    cost = float(policy.cost.mean())
    quality = _quality_at(router.cost.mean(axis=1), router.quality.mean(axis=1), cost)
    sampled = zip(
        *(resample.means(table) for table in (policy.quality, policy.cost, router.cost, router.quality)),
        strict=True,
    )
    differences = np.array([own - _quality_at(x, y, float(at)) for own, at, x, y in sampled])
    return OverRouter(cost, quality, float(policy.quality.mean()) - quality, interval(differences))


def _quality_at(cost: Floats, quality: Floats, at: float) -> float:
    curve = Curve.of(cost, quality)
    return curve.quality_at(max(at, float(curve.cost[0])))


def by_stage(trials: Trials, policy: Played, resample: Resample) -> list[StageGain]:
    """Return the gain of second drafts in quality and cost, by the stages they changed, most queries first.

    Args:
        trials: The test data.
        policy: The policy at its chosen λ, (n,).
        resample: Samples of the queries.
    """
    if not trials.paths:
        return []
    rows, first = np.arange(len(trials)), np.maximum(policy.first, 0)
    gain = policy.quality - trials.quality[rows, first]
    more = policy.cost - trials.cost[rows, first]
    groups: dict[tuple[str, ...], list[int]] = {}
    for row in np.flatnonzero((policy.tried.sum(axis=1) > 1) & (policy.first >= 0)):
        last = policy.accepted[row]
        change: tuple[str, ...] = ("abstained",)
        if last != ABSTAIN:
            change = changed(trials.paths[policy.first[row]], trials.paths[last]) or ("kept",)
        groups.setdefault(change, []).append(int(row))
    found = []
    for change, own in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        inside = np.isin(rows, own)
        ends = interval(resample.means(gain * inside))
        found.append(
            StageGain(change, len(own), float((gain * inside).mean()), float((more * inside).mean()), ends)
        )
    return found


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """Return the stages in which two paths differ; ``refine`` where one mends the other's draft.

    Stages that only one of the paths has count where no other stage differs: a path without retrieval has
    no retriever and no context, and their appearance is no decision of theirs.
    """
    both = [stage for stage in TOPOLOGY if stage in before and stage in after]
    different = tuple(stage for stage in both if before[stage] != after[stage]) or tuple(
        stage for stage in TOPOLOGY if before.get(stage) != after.get(stage)
    )
    return tuple(REFINE if stage == VERIFICATION else str(stage) for stage in different)


def unanswered(trials: Trials, accepted: Positions, resample: Resample) -> Unanswered | None:
    """Return the shares of abstentions on questions without and with an answer.

    Args:
        trials: The test data.
        accepted: The option whose draft was accepted, or ``ABSTAIN``, (n,).
        resample: Samples of the queries.

    Returns:
        The counts and shares; ``None`` where every question has an answer.
    """
    blank = trials.unanswerable > 0
    if not blank.any():
        return None
    refused = trials.refused[np.arange(len(trials)), np.maximum(accepted, 0)]
    refused = np.where(accepted == ABSTAIN, 1.0, refused)

    def counted(held: NDArray[np.bool_], among: NDArray[np.bool_]) -> Counted:
        weights = resample.counts[:, among].astype(np.float64)
        size = weights.sum(axis=1)
        some = size > 0  # a sample without such a question has no share
        count = int(held[among].sum())
        share = count / int(among.sum()) if among.any() else None
        return Counted(share, count, interval((weights @ held[among])[some] / size[some]))

    return Unanswered(
        unanswerable=int(blank.sum()),
        answerable=int((~blank).sum()),
        abstained=counted(refused == 1, blank),
        invented=counted(refused == 0, blank),
        wrongly_abstained=counted(refused == 1, ~blank),
    )

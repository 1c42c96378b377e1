"""Estimates of online routers for a logged decision, by what they have learnt until now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dynamicrag.policy.assembly import Pipeline
from dynamicrag.routers.online import Online
from dynamicrag.store.logged import LoggedDecision, LoggedQuery


@dataclass(frozen=True, slots=True)
class EstimateNow:
    """The present estimate of an online router for a past decision.

    Attributes:
        quality: Estimated quality of each option of the decision; ``None`` for a removed option, and for
            an option without a base estimate.
        rewards: Number of rewards and preferences that the router has learnt.
    """

    quality: Sequence[float | None]
    rewards: int


def estimates_now(pipeline: Pipeline, query: LoggedQuery) -> Mapping[str, EstimateNow]:
    """Return the present estimates for the decisions of online routers, by the decision's id."""
    found = {}
    for decision in query.decisions:
        point = pipeline.points.get(decision.stage)
        router = None if point is None else point.router
        if isinstance(router, Online) and decision.router == router.registered:
            found[f"{query.id}-{decision.seq}"] = _now(router, query, decision)
    return found


def _now(router: Online, query: LoggedQuery, decision: LoggedDecision) -> EstimateNow:
    learnt = router.learnt  # folding may replace it meanwhile
    row = router.row(decision.features, query.vector, query.embedder)
    shift = dict(zip(learnt.options, learnt.predictor.predict(row[None]).mean[0], strict=True))
    bases = [0.0] * len(decision.options) if router.base is None else decision.base
    quality = [
        None if base is None or option not in shift else base + float(shift[option])
        for option, base in zip(decision.options, bases, strict=True)
    ]
    return EstimateNow(quality, learnt.rewards)

"""Teaches a candidate's online routers from the feedback that is older than the queries they are judged by.

A learner that had learnt from these queries would look better than it is. So it learns from the rest of the
log, in the log's order, and its state then stands still.
"""

from itertools import takewhile

from dynamicrag.lab.whatif.evidence import Evidence
from dynamicrag.learning.fold import AT_ONCE, taught
from dynamicrag.learning.stored import all_feedback
from dynamicrag.policy.assembly import Pipeline
from dynamicrag.routers.online import Online
from dynamicrag.store.log import Log


def teach(pipeline: Pipeline, log: Log, evidence: Evidence) -> dict[str, int]:
    """Let the online routers of a pipeline learn from earlier feedback.

    Args:
        pipeline: The candidate's pipeline; the states of its online routers are replaced.
        log: The log.
        evidence: The queries that the candidate is judged by; the feedback before the first on any of
            them is learnt.

    Returns:
        The number of rewards and preferences learnt, by stage of an online router.
    """
    routers = {name: p.router for name, p in pipeline.points.items() if isinstance(p.router, Online)}
    if not routers:
        return {}
    judged = {query.id for query in evidence.queries}
    earlier = list(takewhile(lambda item: item.query_id not in judged, all_feedback(log)))
    weight = pipeline.policy.learning.weight
    for begin in range(0, len(earlier), AT_ONCE):
        for router in routers.values():
            router.learnt = taught(router, router.learnt, earlier[begin : begin + AT_ONCE], log, weight)
    return {name: router.learnt.rewards for name, router in routers.items()}

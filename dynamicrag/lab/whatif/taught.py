"""Teaches a candidate's online routers from the feedback that is older than the queries they are judged by.

A learner that had learnt from these queries would look better than it is. So it learns from the rest of the
log, in the log's order, and its state then stands still.
"""

from dataclasses import replace

from dynamicrag.lab.whatif.evidence import Evidence, feedback
from dynamicrag.learning.examples import examples
from dynamicrag.learning.fold import after
from dynamicrag.policy.assembly import Pipeline
from dynamicrag.routers.online import Online
from dynamicrag.store.log import Log

__all__ = ["taught"]

AT_ONCE = 500


def taught(pipeline: Pipeline, log: Log, evidence: Evidence) -> dict[str, int]:
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
    earlier = []
    for item in feedback(log):
        if item.query_id in judged:
            break
        earlier.append(item)
    weight = pipeline.policy.learning.weight
    for begin in range(0, len(earlier), AT_ONCE):
        items = earlier[begin : begin + AT_ONCE]
        known = {query.id: query for query in log.queries(ids=[item.query_id for item in items])}
        for router in routers.values():
            found = [
                example
                for item in items
                if item.query_id in known
                for example in examples(router, known[item.query_id], item, weight)
            ]
            router.learnt = replace(after(router.learnt, found), upto=items[-1].number)
    return {name: router.learnt.rewards for name, router in routers.items()}

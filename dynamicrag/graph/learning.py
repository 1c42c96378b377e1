"""The learners of an object's policies, kept up to the decision log."""

from dynamicrag.graph.policies import Policies
from dynamicrag.learning.fold import Folder, Pupil
from dynamicrag.routers.online import Online

LOADING_SECONDS = 2.0
"""Longest wait for the states of learners before the first question."""


def started(policies: Policies) -> Folder | None:
    """Return the folder of all learners, with their states loaded; ``None`` if nothing is stored."""
    log = policies.first.log
    if log is None:
        return None
    pupils = [
        Pupil(pipeline.policy.name, point.router, pipeline.policy.learning.weight)
        for pipeline in policies.values()
        for point in pipeline.points.values()
        if isinstance(point.router, Online)
    ]
    folder = Folder(log, pupils)
    folder.start()
    folder.ready(LOADING_SECONDS)
    return folder

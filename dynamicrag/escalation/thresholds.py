"""``thresholds``: all options in the order of the policy file, until one draft's score is high enough."""

from collections.abc import Iterator

import numpy as np

from dynamicrag.escalation.base import POLICIES
from dynamicrag.escalation.lists import Listed, ListPolicy, levels
from dynamicrag.escalation.training_data import TrainingData


@POLICIES.register("thresholds")
class Thresholds(ListPolicy):
    """Goes from the weakest option to one last, and accepts the first draft whose score reaches a threshold.

    The plain cascade, of AutoMix (Madaan et al. 2023, arXiv 2310.12963) and MoT (Yue et al. 2024, arXiv
    2310.03094). How many options it goes through in turn, which is the last, and the threshold, are those
    that gave the best quality − λ·cost in the recordings.

    Args:
        levels: Number of thresholds that are tried.
    """

    def __init__(self, *, levels: int = 40) -> None:
        self.levels = levels

    def _fit(self, lessons: TrainingData) -> None:
        self.keep(self._lists(lessons), lessons)

    def _lists(self, lessons: TrainingData) -> Iterator[Listed]:
        k = lessons.quality.shape[1]
        parts = levels(lessons.score, self.levels)
        for last in range(k):
            for end in range(last + 1):
                for least in parts if end else parts[:1]:
                    yield (*range(end), last), (*np.full(end, least), 0.0)

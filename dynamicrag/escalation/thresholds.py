"""``thresholds``: all options in the order of the policy file, until one draft's score is high enough."""

from collections.abc import Iterator

import numpy as np

from dynamicrag.escalation.base import POLICIES
from dynamicrag.escalation.lists import Listed, ListPolicy, levels
from dynamicrag.escalation.training_data import TrainingData


@POLICIES.register("thresholds")
class Thresholds(ListPolicy):
    """Tries options from the weakest on, and accepts the first draft whose score reaches a threshold.

    The plain cascade, of AutoMix (Madaan et al. 2023, arXiv 2310.12963) and MoT (Yue et al. 2024, arXiv
    2310.03094). The number of options tried in turn, the last option, and the threshold maximise quality −
    λ·cost on the recordings.

    Args:
        levels: Number of thresholds tried.
    """

    def __init__(self, *, levels: int = 40) -> None:
        self.levels = levels

    def lists(self, data: TrainingData) -> Iterator[Listed]:
        """See the base class."""
        k = data.quality.shape[1]
        parts = levels(data.score, self.levels)
        for last in range(k):
            for end in range(last + 1):
                for least in parts if end else parts[:1]:
                    yield (*range(end), last), (*np.full(end, least), 0.0)

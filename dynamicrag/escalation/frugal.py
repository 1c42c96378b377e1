"""``frugal``: FrugalGPT's cascade with a trained list and trained thresholds."""

from collections.abc import Iterator, Sequence
from itertools import permutations, product

from dynamicrag.escalation.base import POLICIES
from dynamicrag.escalation.lists import Listed, ListPolicy, levels
from dynamicrag.escalation.training_data import TrainingData


@POLICIES.register("frugal")
class Frugal(ListPolicy):
    """Learns the options to try, their order, and the acceptance threshold of each.

    FrugalGPT (Chen, Zaharia and Zou 2023, arXiv 2305.05176): the list and the thresholds with the best
    quality under a mean budget, found by search over lists of up to ``longest`` options. The best list at
    every price is stored, so that λ replaces the budget.

    Args:
        longest: Largest number of options in a list.
        levels: Number of thresholds tried for each option.
    """

    def __init__(self, *, longest: int = 3, levels: int = 8) -> None:
        self.longest = longest
        self.levels = levels

    def lists(self, data: TrainingData) -> Iterator[Listed]:
        """See the base class."""
        k = data.quality.shape[1]
        parts = [levels(column, self.levels)[:-1] for column in data.score.T]
        for size in range(1, min(self.longest, k) + 1):
            for order in permutations(range(k), size):
                if _forward(order, data.chain.tolist()):
                    for least in product(*(parts[option] for option in order[:-1])):
                        yield order, (*map(float, least), 0.0)


def _forward(order: Sequence[int], chain: Sequence[int]) -> bool:
    """Return whether a list follows chains forward only, and never returns to a chain it has left."""
    for n, option in enumerate(order):
        begun = [other for other in order[:n] if chain[other] == chain[option] >= 0]
        if begun and (order[n - 1] not in begun or order[n - 1] > option):
            return False
    return True

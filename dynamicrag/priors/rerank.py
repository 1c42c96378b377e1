"""Stage ``rerank`` of the prior: reading the passages once more pays where the evidence is weak."""

from collections.abc import Mapping
from dataclasses import dataclass

from dynamicrag.priors.shifts import StagePrior
from dynamicrag.types import Option

READS = ("cross_encoder", "llm")
WEAK = 0.7
"""Share of the question's words in the best passage, below which the evidence is weak."""


@dataclass(frozen=True, slots=True)
class RerankPrior(StagePrior):
    """Shifts of the answer's logit by reranking; 0 for ``none`` and for options of the user's own.

    Attributes:
        reading: Shift of a model that reads question and passage together, if the evidence is weak.
        asking: The same for a model of the policy, per unit of the model's θ; never negative.
        diverse: Shift of ``mmr`` for a question about several things.
        needless: Shift of any reranking where the best passage has the question's words.
    """

    reading: float
    asking: float
    diverse: float
    needless: float

    def shift(self, option: Option, features: Mapping[str, float]) -> tuple[float, str]:
        """See the base class."""
        if option.name not in ("mmr", *READS):
            return 0.0, ""
        if features.get("matched", WEAK) >= WEAK:
            return self.needless, "the best passage has the question's words"
        if option.name == "mmr":
            several = features.get("comparison", 0.0)
            return (
                self.diverse if several else self.needless
            ), "several things are compared" if several else ""
        if option.name == "llm":
            return max(0.0, self.asking * features.get("ability", 0.0)), "weak evidence"
        return self.reading, "weak evidence"

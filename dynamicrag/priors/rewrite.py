"""Stage ``rewrite`` of the prior: other search texts pay where the documents lack the question's words."""

from collections.abc import Mapping
from dataclasses import dataclass

from dynamicrag.priors.shifts import StagePrior
from dynamicrag.types import Option

LACKING = 0.5
"""Share of the question's words, by idf, in the documents, below which they use other words."""


@dataclass(frozen=True, slots=True)
class RewritePrior(StagePrior):
    """Shifts of the answer's logit by rewriting; 0 for ``none``.

    Attributes:
        worded: Shift of ``multi_query`` and ``hyde`` if the documents lack the question's words.
        decomposed: Shift of ``decompose`` per sign of several hops, at most two signs.
        drift: Shift of any rewriting that the evidence does not ask for: it may lose the question's own
            words.
    """

    worded: float
    decomposed: float
    drift: float

    def shift(self, option: Option, features: Mapping[str, float]) -> tuple[float, str]:
        """See the base class."""
        if option.name == "decompose":
            signs = min(features.get("bridges", 0.0), 2.0) - 1.0
            if signs > 0:
                return self.decomposed * signs, "a question of several hops"
            return self.drift, "a question of one hop"
        if option.name in ("hyde", "multi_query"):
            if features.get("idf_coverage", 1.0) < LACKING:
                return self.worded, "in other words than the documents"
            return self.drift, "in the documents' words"
        return 0.0, ""

"""Stage ``context`` of the prior: the value of a longer context, by the evidence of the retrieval."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dynamicrag.features.nearness import nearness
from dynamicrag.priors.shifts import Shifts, StagePrior, sigmoid
from dynamicrag.types import Option

DOCUMENTS = 2
"""Whole documents that an option shows, unless it says how many."""
UNREAD, DOUBTED = -3.0, -2.0
"""Shift of a context without passages if the documents cover the question, and if that is unclear."""
DISTRACTED = -1.0
"""Shift of a context with passages if the documents do not cover the question."""
CHUNK_TOKENS = 125.0
"""Tokens of an average chunk in the recordings."""
SIGNS = 3.0
"""Largest number of signs of several hops that count."""


@dataclass(frozen=True, slots=True)
class ContextPrior(StagePrior):
    """P(the context holds what the answer needs), as a shift of the answer's logit.

    ``spread`` is that after the retrieval; before, it is twice as large.

    A question needs one passage or several, with a probability by its words. For each case, the best ``k``
    passages hold what is needed with the probability σ(level + slope·ln k − enough·ln(enough) + links): it
    rises with ``k`` and saturates. It was learnt on retrievals whose needed passages are known.

    Attributes:
        hops: Level of the logit of a question that needs several passages.
        bridges: Weight of its relative clauses and possessives.
        comparison: Weight of a comparison.
        several: Level for questions that need several passages.
        several_slope: Weight of ln k.
        several_enough: Weight of ln(``enough``), see :func:`~dynamicrag.features.retrieval.retrieval`.
        several_links: Weight of a retriever that follows links.
        single: Level for questions that need one passage.
        single_slope: Weight of ln k.
        single_enough: Weight of ln(``enough``).
        single_links: Weight of a retriever that follows links.
        squeeze: Weight of ln(share of the tokens kept), for options with ``tokens``.
        lost: Decrease of the logit by the passages that ``adaptive`` leaves out.
        held: Shift from a context without what is needed to one with it.
        reference: The probability at which the shift is 0.
        usual: The average of ln(``enough``), used before the retrieval.
    """

    hops: float
    bridges: float
    comparison: float
    several: float
    several_slope: float
    several_enough: float
    several_links: float
    single: float
    single_slope: float
    single_enough: float
    single_links: float
    squeeze: float
    lost: float
    held: float
    reference: float
    usual: float

    def shifts(self, options: Sequence[Option], features: Mapping[str, float]) -> Shifts:
        """See the base class."""
        found = StagePrior.shifts(self, options, features)
        return found if "enough" in features else replace(found, spread=2.0 * self.spread)

    def holds(self, option: Option, features: Mapping[str, float]) -> float:
        """Return the probability that an option's context holds what the answer needs."""
        count = _passages(option, features)
        if option.params.get("adaptive"):
            less = -self.lost
        else:
            tokens = option.params.get("tokens", math.inf)
            less = self.squeeze * math.log(min(1.0, tokens / (count * CHUNK_TOKENS)))
        steps = math.log(count)
        enough = features.get("enough")
        need = self.usual if enough is None else math.log(max(enough, 1.0))
        links = features.get("links", 0.5 if enough is None else 0.0)
        several = self.several + self.several_slope * steps - self.several_enough * need
        single = self.single + self.single_slope * steps - self.single_enough * need
        share = self.hop_share(features)
        return share * sigmoid(several + self.several_links * links + less) + (1.0 - share) * sigmoid(
            single + self.single_links * links + less
        )

    def hop_share(self, features: Mapping[str, float]) -> float:
        """Return the probability that a question needs several passages."""
        signs = self.bridges * min(features.get("bridges", 0.0), SIGNS)
        return sigmoid(self.hops + signs + self.comparison * features.get("comparison", 0.0))

    def shift(self, option: Option, features: Mapping[str, float]) -> tuple[float, str]:
        """See the base class."""
        shown, near = shows(option), nearness(features)
        if near == "far":
            return (DISTRACTED if shown else 0.0), "the documents do not cover it"
        if not shown:
            return (UNREAD if near == "near" else DOUBTED), "without the documents"
        held = self.holds(option, features)
        return self.held * (held - self.reference), f"holds what is needed with probability {held:.2f}"


def shows(option: Option) -> bool:
    """Return whether an option of ``context`` shows the model any retrieved text."""
    return bool(option.params.get("whole") or option.params.get("chunks", 1))


def _passages(option: Option, features: Mapping[str, float]) -> float:
    """Return the number of passages that an option's context takes from the ranking."""
    if not option.params.get("whole"):
        return max(1.0, float(option.params.get("chunks", 1)))
    parts = features.get("passages", 1.0) / max(features.get("documents", 1.0), 1.0)
    return float(option.params.get("documents", DOCUMENTS)) * max(1.0, parts)

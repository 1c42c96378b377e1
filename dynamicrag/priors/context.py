"""Stage ``context`` of the prior: the value of a longer context, by the evidence of the retrieval."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class ContextPrior(StagePrior):
    """P(the context holds all passages that are needed), as a shift of the answer's logit.

    The probability for the best ``k`` passages is σ(level + slope·ln k − reach·ln(reach) + …): it rises with
    ``k`` and saturates. It was learnt on retrievals whose needed passages are known.

    Attributes:
        level: Level of the logit.
        slope: Weight of ln k.
        reach: Weight of ln(rank of the last passage worth showing), see
            :func:`~dynamicrag.features.retrieval.retrieval`.
        matched: Weight of ``matched_all`` − 1.
        squeeze: Weight of ln(share of the tokens kept), for options with ``tokens``.
        lost: Decrease of the logit by the passages that ``adaptive`` leaves out.
        held: Shift from a context without the needed passages to one with them.
        reference: The probability at which the shift is 0.
        usual: The average of ln(reach), used before the retrieval.
        spread: Standard deviation of a shift.
    """

    level: float
    slope: float
    reach: float
    matched: float
    squeeze: float
    lost: float
    held: float
    reference: float
    usual: float
    spread: float

    def shifts(self, options: Sequence[Option], features: Mapping[str, float]) -> Shifts:
        """See the base class."""
        near = nearness(features)
        found = [self._option(option, features, near) for option in options]
        known = "reach" in features
        spread = self.spread if known else 2.0 * self.spread
        return Shifts(tuple(logit for logit, _ in found), tuple(why for _, why in found), spread)

    def holds(self, option: Option, features: Mapping[str, float]) -> float:
        """Return the probability that an option's context holds all passages that are needed."""
        params = option.params
        if params.get("whole"):
            parents = features.get("passages", 1.0) / max(features.get("documents", 1.0), 1.0)
            count = params.get("documents", DOCUMENTS) * max(1.0, parents)
        else:
            count = float(params.get("chunks", 1))
        logit = self.level + self.slope * math.log(max(count, 1.0))
        reach = features.get("reach")
        logit -= self.reach * (self.usual if reach is None else math.log(max(reach, 1.0)))
        logit += self.matched * (features.get("matched_all", 1.0) - 1.0)
        if params.get("adaptive"):
            logit -= self.lost
        elif "tokens" in params:
            logit += self.squeeze * math.log(min(1.0, params["tokens"] / (count * CHUNK_TOKENS)))
        return sigmoid(logit)

    def _option(self, option: Option, features: Mapping[str, float], near: str) -> tuple[float, str]:
        shown = option.params.get("whole") or option.params.get("chunks", 1)
        if near == "far":
            return (DISTRACTED if shown else 0.0), "the documents do not cover it"
        if not shown:
            return (UNREAD if near == "near" else DOUBTED), "without the documents"
        held = self.holds(option, features)
        return self.held * (held - self.reference), f"holds what is needed with probability {held:.2f}"

"""Stage ``prompt`` of the prior: the way of asking that suits a question."""

from collections.abc import Mapping
from dataclasses import dataclass

from dynamicrag.features.needless import needless
from dynamicrag.priors.shifts import StagePrior
from dynamicrag.types import Option

NUMBERS, MANY_WORDS = 2, 12
"""Numbers and words of a sum in words: at least the first, more than the second."""


@dataclass(frozen=True, slots=True)
class PromptPrior(StagePrior):
    """Shifts of the answer's logit by the prompt; 0 for ``direct`` and for prompts of the user's own.

    Attributes:
        ranks: Shift of ``compare`` if dates or origins in passages are compared.
        plain: Shift of ``compare`` otherwise.
        passages: Shift of ``cot`` with passages, and on a short question without them.
        reasons: Shift of ``cot`` without passages on a sum in words.
    """

    ranks: float
    plain: float
    passages: float
    reasons: float

    def shift(self, option: Option, features: Mapping[str, float]) -> tuple[float, str]:
        """See the base class."""
        alone = bool(needless(features))  # so the prompt has no passages
        kind = option.params.get("prompt", "")
        if kind == "compare":
            if features.get("ranks") and not alone and features.get("passages", 1.0):
                return self.ranks, "dates or origins to compare"
            return self.plain, "nothing to compare"
        if kind == "cot":
            if alone and sum_in_words(features):
                return self.reasons, "a sum in words"
            return self.passages, "a short answer"
        return 0.0, ""


def sum_in_words(features: Mapping[str, float]) -> bool:
    """Return whether a question without documents has several numbers and many words."""
    return features.get("numbers", 0.0) >= NUMBERS and features.get("words", 0.0) > MANY_WORDS

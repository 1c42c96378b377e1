"""Stage ``prompt`` of the prior: the way of asking that suits a question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dynamicrag.priors.shifts import Shifts, StagePrior
from dynamicrag.types import Option

NEEDLESS = ("greeting", "sum", "about_conversation", "follows_none")
"""Signs that a question needs no documents, so that the prompt has no passages."""
MANY_WORDS = 12.0


@dataclass(frozen=True, slots=True)
class PromptPrior(StagePrior):
    """Shifts of the answer's logit by the prompt; 0 for ``direct`` and for prompts of the user's own.

    Attributes:
        ranks: Shift of ``compare`` if dates or origins are compared.
        plain: Shift of ``compare`` otherwise.
        passages: Shift of ``cot`` with passages.
        words: Shift of ``cot`` without passages, on a short question.
        reasons: Increase of ``cot`` without passages for a sum in words.
        ability: Change of that increase per unit of the model's θ.
        spread: Standard deviation of a shift.
    """

    ranks: float
    plain: float
    passages: float
    words: float
    reasons: float
    ability: float
    spread: float

    def shifts(self, options: Sequence[Option], features: Mapping[str, float]) -> Shifts:
        """See the base class."""
        found = [self._option(option, features) for option in options]
        return Shifts(tuple(logit for logit, _ in found), tuple(why for _, why in found), self.spread)

    def _option(self, option: Option, features: Mapping[str, float]) -> tuple[float, str]:
        kind = option.params.get("prompt", option.name)
        if kind == "compare":
            if features.get("ranks") and features.get("passages", 1.0):
                return self.ranks, "dates or origins to compare"
            return self.plain, "nothing to compare"
        if kind == "cot":
            if not any(features.get(sign) for sign in NEEDLESS):
                return self.passages, "the answer is in the passages"
            sum_in_words = features.get("numbers", 0.0) >= 2 and features.get("words", 0.0) > MANY_WORDS
            if sum_in_words:
                gain = self.reasons + self.ability * features.get("ability", 0.0)
                return self.words + max(0.0, gain), "a sum in words"
            return self.words, "a short answer"
        return 0.0, ""

"""Verifier: whether the model would answer the same again."""

from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING

from dynamicrag.cost.expect import Asks
from dynamicrag.text.words import words
from dynamicrag.verify.base import VERIFIERS, Evidence, Signal, Verifier
from dynamicrag.verify.unanswerable import is_refusal
from dynamicrag.verify.votes import Vote

if TYPE_CHECKING:
    from dynamicrag.llm.prompts.base import PromptStrategy

_ARTICLES = ("a", "an", "the")


@VERIFIERS.register("agreement")
class Agreement(Verifier):
    """Signal ``agreement``: the share of further samples with the draft's answer.

    Sampled from the model that wrote the draft, with its own prompt, which a prompt cache has. Sampling ends
    once the rest cannot change the verdict of the policy's threshold, see
    :class:`~dynamicrag.verify.votes.Vote`; ``agreement_samples`` is their number.

    Args:
        samples: Largest number of samples.
        temperature: Sampling temperature.
    """

    gives = (Signal("agreement"), Signal("agreement_samples", 1.0, 1000.0))
    doubt = "Asked again, the writer gave other answers."
    paper = "Wang et al. 2023, self-consistency, arXiv 2203.11171; Aggarwal et al. 2023, arXiv 2305.11860"

    _strategies: Sequence["PromptStrategy | None"] = (None,)  # the draft's own

    def __init__(self, *, samples: int = 4, temperature: float = 0.7) -> None:
        self._samples = Vote(samples).most
        self._temperature = temperature

    def asks(self) -> Sequence[Asks]:
        """See the base class."""
        return (Asks(Vote(self._samples, self.verdict).expected, goes_on=True),)

    async def verify(self, evidence: Evidence) -> dict[str, float]:
        """See the base class."""
        turns = cycle(self._strategies)

        async def again() -> bool:
            said = await evidence.caller.sample(next(turns), temperature=self._temperature)
            return same(said, evidence.answer)

        share, taken = await Vote(self._samples, self.verdict).take(again)
        assert share is not None, "every sample is a vote"
        return {self.registered: share, f"{self.registered}_samples": float(taken)}


def same(one: str, other: str) -> bool:
    """Return whether two answers are equal except for case, accents, articles, hyphens and punctuation."""
    if is_refusal(one) or is_refusal(other):
        return is_refusal(one) and is_refusal(other)
    return _bare(one) == _bare(other)


def _bare(answer: str) -> str:
    return "".join(word for word in words(answer) if word not in _ARTICLES) or answer.strip()

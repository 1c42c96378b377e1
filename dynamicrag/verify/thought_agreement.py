"""Verifier: whether other prompts lead to the same answer (mixture of thoughts, Yue et al., 2023)."""

from collections.abc import Sequence

from dynamicrag.cost.expect import Asks
from dynamicrag.llm.prompts.base import PROMPTS
from dynamicrag.verify.agreement import Agreement
from dynamicrag.verify.base import VERIFIERS, Signal
from dynamicrag.verify.votes import Vote


@VERIFIERS.register("thought_agreement")
class ThoughtAgreement(Agreement):
    """Signal ``thought_agreement``: the share of samples, by several prompts in turn, that agree.

    Errors of one prompt strategy seldom repeat with another, so that agreement is more informative. Sampling
    ends once the rest cannot change the verdict of the policy's threshold, see
    :class:`~dynamicrag.verify.votes.Vote`; ``thought_agreement_samples`` is their number.

    Args:
        prompts: The prompt strategies, used in turn.
        samples: Largest number of samples.
        temperature: Sampling temperature.
    """

    gives = (Signal("thought_agreement"), Signal("thought_agreement_samples", 1.0, 1000.0))
    doubt = "Thought through in another way, the answer came out different."
    paper = "Yue et al. 2023, arXiv 2310.03094"

    def __init__(
        self,
        *,
        prompts: tuple[str, ...] = ("cot", "direct"),
        samples: int = 4,
        temperature: float = 0.7,
    ) -> None:
        if not prompts:
            raise ValueError("prompts: at least one is needed")
        super().__init__(samples=samples, temperature=temperature)
        self._prompts = [PROMPTS.build(prompt, "thought_agreement.prompts") for prompt in prompts]
        self._strategies = self._prompts

    def asks(self) -> Sequence[Asks]:
        """See the base class."""
        expected = Vote(self._samples, self.verdict).expected
        return tuple(
            Asks(expected / len(self._prompts), s.overheads[True], s.expected_tokens) for s in self._prompts
        )

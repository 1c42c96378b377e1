"""Verifier: certainty of the model about the first token of its answer (Ramírez et al., 2024)."""

from dynamicrag.verify.base import VERIFIERS, Evidence, Signal, Verifier


@VERIFIERS.register("token_margin")
class TokenMargin(Verifier):
    """Signal ``token_margin``: ``p(best) - p(second best)`` at the first token of the answer's span.

    No signal if the provider returns no probabilities.
    """

    gives = (Signal("token_margin"),)
    doubt = "The writer was not sure of the draft."
    computes = True
    paper = "Ramirez et al. 2024, arXiv 2405.02134"

    async def verify(self, evidence: Evidence) -> dict[str, float]:
        """See the base class."""
        margin = evidence.signals.get("first_margin")
        return {} if margin is None else {"token_margin": margin}

"""Verifier: probability of the answer under its model, normalised by length."""

import math

from dynamicrag.verify.base import VERIFIERS, Evidence, Signal, Verifier


@VERIFIERS.register("sequence_probability")
class SequenceProbability(Verifier):
    """Signal ``sequence_probability``: the geometric mean of the probabilities of the answer's tokens.

    No signal if the provider returns no probabilities.
    """

    gives = (Signal("sequence_probability"),)
    doubt = "The writer was not sure of the draft."
    computes = True
    paper = "Malinin and Gales 2021, arXiv 2002.07650 (length-normalised)"

    async def verify(self, evidence: Evidence) -> dict[str, float]:
        """See the base class."""
        mean = evidence.signals.get("mean_logprob")
        return {} if mean is None else {"sequence_probability": math.exp(min(mean, 0.0))}

"""Verifier: surprise of the model at the answer's tokens."""

import math

from dynamicrag.verify.base import VERIFIERS, Evidence, Signal, Verifier

MOST = 1e6


@VERIFIERS.register("perplexity")
class Perplexity(Verifier):
    """Signal ``perplexity``: the inverse of the mean probability of the answer's tokens.

    Lower is more certain.

    No signal if the provider returns no probabilities.
    """

    gives = (Signal("perplexity", 1.0, MOST),)
    rises = False
    doubt = "The writer was not sure of the draft."
    computes = True
    paper = "Chuang et al. 2025, arXiv 2502.04428 (among eight measures of uncertainty)"

    async def verify(self, evidence: Evidence) -> dict[str, float]:
        """See the base class."""
        mean = evidence.signals.get("mean_logprob")
        return {} if mean is None else {"perplexity": math.exp(min(max(-mean, 0.0), math.log(MOST)))}

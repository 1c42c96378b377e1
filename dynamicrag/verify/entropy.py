"""Verifier: uncertainty between tokens while the model wrote the answer."""

from dynamicrag.verify.base import VERIFIERS, Evidence, Signal, Verifier


@VERIFIERS.register("entropy")
class Entropy(Verifier):
    """Signal ``entropy``: mean entropy of the answer's tokens in nats; lower is more certain.

    Providers return only the likeliest tokens; the rest counts as one token, so that this is a lower bound.
    No signal if the provider returns no probabilities.
    """

    gives = (Signal("entropy", 0.0, 4.0),)
    rises = False
    doubt = "The writer was not sure of the draft."
    computes = True
    paper = "Malinin and Gales 2021, arXiv 2002.07650"

    async def verify(self, evidence: Evidence) -> dict[str, float]:
        """See the base class."""
        mean = evidence.signals.get("mean_entropy")
        return {} if mean is None else {"entropy": min(max(mean, 0.0), 4.0)}

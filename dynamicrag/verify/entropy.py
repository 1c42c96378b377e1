"""Between how many tokens the model wavered while it wrote the answer."""

from dynamicrag.verify.base import VERIFIERS, Evidence, Signal, Verifier


@VERIFIERS.register("entropy")
class Entropy(Verifier):
    """Signal ``entropy``: mean entropy of the answer's tokens in nats; lower is surer.

    Providers name the likeliest tokens only; all the others count as one, so that this is a lower bound.
    No signal where the provider returns no probabilities.
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

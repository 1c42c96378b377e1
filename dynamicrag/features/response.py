"""What the token probabilities of an answer say of it."""

from collections.abc import Sequence

from dynamicrag.features.base import FEATURES
from dynamicrag.features.signals import SignalFeatures


def response(margins: Sequence[float], logprobs: Sequence[float]) -> dict[str, float]:
    """Return the features of an answer's span of tokens; empty where the provider gives none.

    Args:
        margins: ``p(best) - p(second best)`` per token.
        logprobs: Natural logarithm of the probability of each token taken.

    Returns:
        ``first_margin`` (Ramírez et al., 2024), ``mean_margin``, ``min_margin`` and ``mean_logprob``
        (length-normalised sequence probability).
    """
    if not margins:
        return {}
    return {
        "first_margin": margins[0],
        "mean_margin": sum(margins) / len(margins),
        "min_margin": min(margins),
        "mean_logprob": sum(logprobs) / len(logprobs),
    }


@FEATURES.register("response")
class ResponseFeatures(SignalFeatures):
    """What the token probabilities of a draft and the verifiers say of it.

    The uncertainty of Ramírez et al. 2024 (arXiv 2405.02134) and the self-verification of AutoMix,
    Aggarwal et al. 2023 (arXiv 2310.12963); for decisions after generation.
    """

    wanted = (*response([0.0], [0.0]), "token_margin", "groundedness", "unanswerable")

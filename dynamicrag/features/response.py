"""What the token probabilities of an answer say of it."""

from collections.abc import Sequence


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

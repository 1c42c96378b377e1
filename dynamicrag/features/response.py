"""Features of an answer from its token probabilities."""

from collections.abc import Sequence

from dynamicrag.features.base import FEATURES
from dynamicrag.features.signals import SignalFeatures


def response(
    margins: Sequence[float], logprobs: Sequence[float], entropies: Sequence[float]
) -> dict[str, float]:
    """Return the features of an answer's tokens; empty if the provider returns none.

    Args:
        margins: ``p(best) - p(second best)`` per token.
        logprobs: Natural logarithm of the probability of each token taken.
        entropies: Entropy of each token's distribution, in nats.

    Returns:
        ``first_margin`` (Ramírez et al., 2024), ``mean_margin``, ``min_margin``, ``mean_logprob``
        (length-normalised sequence probability) and ``mean_entropy``.
    """
    if not margins:
        return {}
    return {
        "first_margin": margins[0],
        "mean_margin": sum(margins) / len(margins),
        "min_margin": min(margins),
        "mean_logprob": sum(logprobs) / len(logprobs),
        "mean_entropy": sum(entropies) / len(entropies),
    }


@FEATURES.register("response")
class ResponseFeatures(SignalFeatures):
    """Signals of a draft's token probabilities and of the verifiers.

    The uncertainty of Ramírez et al. 2024 (arXiv 2405.02134) and the self-verification of AutoMix, Aggarwal
    et al. 2023 (arXiv 2310.12963); for decisions after generation.
    """

    wanted = (
        *response([0.0], [0.0], [0.0]),
        *("token_margin", "sequence_probability", "perplexity", "entropy"),
        *("p_true", "self_verification", "verbalised_confidence", "judge", "judge_groundedness"),
        *("agreement", "agreement_samples", "thought_agreement", "thought_agreement_samples"),
        *("groundedness", "groundedness_embedding", "groundedness_nli", "entity_coverage"),
        *("unanswerable", "unverified"),
    )

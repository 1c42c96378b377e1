"""The models on this host whose energy could not be metered."""

from collections import Counter
from collections.abc import Sequence

from dynamicrag.lab.report.turns import Turn

__all__ = ["unmetered_models"]


def unmetered_models(turns: Sequence[Turn]) -> list[str]:
    """Return a note for each model whose energy was estimated, with the latest reason.

    Args:
        turns: The queries, oldest first.
    """
    counts = Counter(model for turn in turns for model in turn.unmetered)
    reasons = {model: why for turn in turns for model, why in turn.unmetered.items()}
    return [
        f"the energy of {model} is estimated in {counts[model]:,} of {len(turns):,} queries: {why}"
        for model, why in reasons.items()
    ]

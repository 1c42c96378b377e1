"""Our recordings: their models and contexts, and the grade of an answer."""

from collections.abc import Mapping

from dynamicrag.lab.outcomes.table import Outcome

MODELS: Mapping[str, str] = {
    "small": "local:smollm2-135m-instruct",
    "medium": "local:qwen2.5-coder-0.5b-instruct",
    "large": "local:qwen2.5-coder-1.5b-instruct",
}
"""The models by their name in the recordings."""
SHOWN: Mapping[str, int] = {"short": 4, "long": 8}
"""Passages of the contexts."""
RIGHT = 0.5
"""Grade from which an answer counts as right."""


def grade(outcome: Outcome) -> float:
    """Return the token F1 of an answer, or its quality if it has none; NaN if it was not observed."""
    return outcome.facts.get("f1", outcome.quality)

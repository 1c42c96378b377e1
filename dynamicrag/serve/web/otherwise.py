"""The options that a query's recorded decisions would choose at other weights of cost; nothing is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dynamicrag.policy.assembly import Pipeline
from dynamicrag.records import Decision
from dynamicrag.routers.insight import weights_of, what_if

__all__ = ["FACTORS", "Otherwise", "call_weights", "otherwise"]

FACTORS: Mapping[str, float] = {
    "Quality only": 0.0, "¼": 0.25, "½": 0.5, "As in the policy": 1.0, "2×": 2.0, "4×": 4.0, "16×": 16.0,
}  # fmt: skip
"""Factors of the policy's weights of cost, by label."""


@dataclass(frozen=True, slots=True)
class Otherwise:
    """A decision at other weights.

    Attributes:
        stage: The stage.
        chosen: The option that was chosen.
        option: The option at the other weights.
    """

    stage: str
    chosen: str
    option: str

    @property
    def differs(self) -> bool:
        """Whether it is another option."""
        return self.chosen != self.option


def otherwise(decisions: Sequence[Decision], pipeline: Pipeline, factor: float) -> list[Otherwise]:
    """Return the choices of decisions with estimates, with all weights of the policy times ``factor``.

    Each decision is seen by itself: a change at one stage does not change the figures of later ones. A
    decision that was drawn, forced or bound by a limit may differ from its own choice at factor 1.
    """
    own = pipeline.policy.objective.weights
    found = []
    for decision in decisions:
        if len(decision["options"]) < 2 or all(quality is None for quality in decision["quality"]):
            continue
        weights = weights_of(decision, own)
        option = what_if(decision, weights, [factor])[0]["option"]
        found.append(Otherwise(decision["stage"], decision["chosen"], option))
    return found


def call_weights(pipeline: Pipeline, factor: float) -> dict[str, float]:
    """Return the weights of a call: the policy's times ``factor``; empty if they stay as they are."""
    if factor == 1.0:
        return {}
    return {dimension: weight * factor for dimension, weight in pipeline.policy.objective.weights.items()}

"""The expected cost of a question without routing, by the policy's own cost model.

The path is that of the preset ``always-large``: a single retrieval, the longest context of chunks, the plain
prompt, the largest model, no verification. The question is not asked again: the figure is an expectation.
"""

from collections.abc import Mapping, Sequence

from dynamicrag.cost.vector import Cost
from dynamicrag.policy.assembly import Pipeline
from dynamicrag.stages.pricing import Pricing
from dynamicrag.turn import TurnState
from dynamicrag.types import Option

__all__ = ["BASIS", "baseline_cost", "baseline_path"]

BASIS = "one retrieval, the longest context, the largest model, no verification"
SIMPLE: Mapping[str, Sequence[str]] = {"retrieval": ("single",), "rewrite": ("none",), "rerank": ("none",)}
"""Plain options by stage, where the policy has them."""


def baseline_path(pipeline: Pipeline) -> dict[str, str]:
    """Return the option of each stage on the baseline path."""
    return {name: _plain(name, stage.options).name for name, stage in pipeline.stages.items()}


def _plain(stage: str, options: Sequence[Option]) -> Option:
    known = {option.name: option for option in options}
    for name in SIMPLE.get(stage, ()):
        if name in known:
            return known[name]
    if stage in ("generator", "retriever", "retrieval"):
        return options[-1]
    if stage == "context":
        chunks = [option for option in options if not option.params.get("whole")]
        return max(chunks, key=lambda option: option.params["chunks"], default=options[-1])
    return options[0]


def baseline_cost(pipeline: Pipeline, turn: TurnState) -> Cost:
    """Return the expected cost of the baseline path for the question of a turn, in steady use."""
    return Pricing(pipeline.stages, pipeline.cost_model).price(turn, baseline_path(pipeline))

"""Finds budgets of users that no question fits, so that an operator learns of them at the start."""

from collections.abc import Iterator, Mapping

from dynamicrag.graph.rag import DynamicRAG
from dynamicrag.policy.assembly import Pipeline
from dynamicrag.serve.allowances import SHARES
from dynamicrag.serve.settings import Settings
from dynamicrag.stages.prompt import PromptStage

__all__ = ["small_budgets"]


def small_budgets(rag: DynamicRAG, settings: Settings) -> Iterator[str]:
    """Yield a warning for each budget whose share is too small for the longest answer of every option.

    Only tokens and usd are compared, and the length of the question is left out: a share that fits here may
    still be too small.
    """
    for where, budget in settings.budgets.items():
        yield from _warnings(rag, where, budget)


def _warnings(rag: DynamicRAG, where: str, budget: Mapping[str, float]) -> Iterator[str]:
    least = [_least(pipeline) for pipeline in rag.policies.values()]
    for dimension in ("tokens", "usd"):
        needed = min((each[dimension] for each in least if dimension in each), default=0.0)
        share = budget[dimension] / SHARES if dimension in budget else needed
        if share < needed:
            yield (
                f"{where}: one question may use a tenth of it, {share:g} {dimension}, and the answer of the "
                f"cheapest option may need {needed:g}: every question is refused; set at least "
                f"{needed * SHARES:g}, and more for the documents that are read"
            )


def _least(pipeline: Pipeline) -> dict[str, float]:
    """Return the least cost of the longest answer by dimension; nothing of stages that have another form."""
    prompt = pipeline.stages.get("prompt")
    if not isinstance(prompt, PromptStage) or not prompt.strategies or not pipeline.profiles:
        return {}
    tokens = min(strategy.max_tokens for strategy in prompt.strategies.values())
    usd = min(each.usd.call + each.usd.output * tokens for each in pipeline.profiles.values())
    return {"tokens": float(tokens), "usd": usd}

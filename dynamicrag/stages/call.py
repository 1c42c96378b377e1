"""A call to a model, within the budget and on the account: the one way in which stages make one."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dynamicrag.errors import BudgetExceeded, ProviderError
from dynamicrag.llm.chat import ChatModel
from dynamicrag.llm.completion import Completion
from dynamicrag.stages.base import Run

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import RunnableConfig


async def call(
    run: Run,
    query_id: str,
    stage: str,
    model: ChatModel,
    messages: "Sequence[BaseMessage]",
    *,
    max_tokens: int,
    temperature: float = 0.0,
    stop: Sequence[str] = (),
    tags: Sequence[str] = (),
    config: "RunnableConfig | None" = None,
) -> Completion:
    """Set the worst case aside, call the model, and book what it used.

    A call that breaks off half-way is booked at its worst case where the model is somebody else's, for
    nobody says what it used; one that the provider refused costs nothing.

    Args:
        run: The ledger and the budget.
        query_id: Whose call it is.
        stage: The stage that makes it, or what else does.
        model: The model.
        messages: The prompt.
        max_tokens: Most tokens to generate.
        temperature: 0 for the likeliest answer.
        stop: Texts that end the answer.
        tags: As for :meth:`ChatModel.complete`.
        config: Likewise; by default the node's.

    Raises:
        BudgetExceeded: It does not fit, or took longer than the seconds that were left.
        ModelError: As :meth:`ChatModel.complete`.
    """
    limited = run.budget.limited
    worst = run.cost_model.call(model.name, await model.bound_prompt(messages) if limited else 0, max_tokens)
    spent = run.ledger.cost(query_id)
    limit = run.budget.per_query.get("seconds")
    seconds = None if limit is None else max(0.0, limit - spent["seconds"])
    profile = run.cost_model.profile(model.name)
    async with run.budget.reserved(query_id, worst, spent) as held:
        known = model.runs == "in_process"  # what was computed here was seen, to wherever it came
        with run.ledger.span(query_id, stage, model.name, profile, model.spec) as line:
            try:
                async with asyncio.timeout(seconds):
                    completion = await model.complete(
                        messages, max_tokens=max_tokens, temperature=temperature, stop=stop,
                        config=config or run.config, tags=tags, line=line,
                    )  # fmt: skip
                known = True
            except TimeoutError as error:
                raise BudgetExceeded(
                    f"objective.budget.per_query.seconds: model {model.name} had no answer in the "
                    f"{seconds:.3g} s that were left; raise the limit, or use a faster model"
                ) from error
            except ProviderError as error:
                known = known or error.refused
                raise
            finally:
                if known:
                    held.settle(run.ledger.line_cost(line))
    return completion

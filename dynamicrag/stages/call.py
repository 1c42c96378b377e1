"""A call to a model, within the budget and on the account: the one way in which stages make one."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dynamicrag import portal
from dynamicrag.errors import BudgetExceeded
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
    spare_seconds: float = 0.0,
) -> Completion:
    """Set the worst case aside, call the model, and book what it used.

    A call that breaks off half-way, or of which the provider does not say credibly what it used, is booked at
    its worst case; one that reached nobody costs nothing.

    All of it runs on the portal's loop, which never closes: a caller that is cancelled, with its loop or
    without, leaves nothing set aside.

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
        spare_seconds: What to leave of the query's seconds for another model, of half of them at most.

    Raises:
        BudgetExceeded: It does not fit, or took longer than the seconds that were left.
        ModelError: As :meth:`ChatModel.complete`.
    """
    config = config or run.config
    work = _call(
        run, query_id, stage, model, messages, max_tokens, temperature, stop, tags, config, spare_seconds
    )
    return await portal.arun(work)


async def _call(
    run: Run, query_id: str, stage: str, model: ChatModel, messages: "Sequence[BaseMessage]",
    max_tokens: int, temperature: float, stop: Sequence[str], tags: Sequence[str],
    config: "RunnableConfig | None", spare_seconds: float,
) -> Completion:  # fmt: skip
    most_input = await model.bound_prompt(messages) if run.budget.limited else None
    worst = run.cost_model.call(model.name, most_input or 0, max_tokens)
    spent = run.ledger.cost(query_id)
    limit = run.budget.per_query.get("seconds")
    seconds = None if limit is None else max(0.0, limit - spent["seconds"])
    if seconds is not None:
        seconds -= min(spare_seconds, seconds / 2)
        if not seconds:
            raise _too_late(model, seconds) from TimeoutError()  # nothing is sent, and nothing costs
    profile = run.cost_model.profile(model.name)
    async with run.budget.reserved(query_id, worst, spent) as held:
        with run.ledger.span(query_id, stage, model.name, profile, model.spec) as line:
            try:
                async with asyncio.timeout(seconds):
                    return await model.complete(
                        messages, max_tokens=max_tokens, temperature=temperature, stop=stop,
                        config=config, tags=tags, line=line, most_input=most_input,
                    )  # fmt: skip
            except TimeoutError as error:
                raise _too_late(model, seconds) from error
            finally:
                held.settle(run.ledger.line_cost(line))  # the model has put on it what it used, or may have


def _too_late(model: ChatModel, seconds: float | None) -> BudgetExceeded:
    return BudgetExceeded(
        f"objective.budget.per_query.seconds: model {model.name} had no answer in the {seconds or 0.0:.3g} s "
        "that it had; raise the limit, or use a faster model"
    )

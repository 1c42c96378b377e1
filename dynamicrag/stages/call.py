"""A call to a model, within the budget and on the account: the one way in which stages make one."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dynamicrag import portal
from dynamicrag.errors import BudgetExceeded, ModelError, ProviderError
from dynamicrag.llm.chat import ChatModel
from dynamicrag.llm.completion import Completion
from dynamicrag.llm.finish import check
from dynamicrag.stages.base import Run

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import RunnableConfig

LONGEST_WAIT = 30.0
"""Seconds that a question waits at most until a model can be asked again."""
FIRST_WAIT = 0.5
"""Seconds before the first of the repeated calls, where the provider names none; then twice as long."""


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
    whole: bool = False,
    patient: bool = True,
) -> Completion:
    """Set the worst case aside, call the model, and book what it used.

    A model that has failed is left alone for a while, unless it is the last resort. A call that breaks off
    half-way, or of which the provider does not say credibly what it used, is booked at its worst case; one
    that reached nobody costs nothing.

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
        whole: Whether an answer that its limit cut is a failure.
        patient: Whether to wait and ask again after a failure that may be over in a moment.

    Raises:
        BudgetExceeded: It does not fit, or took longer than the seconds that were left.
        ModelError: As :meth:`ChatModel.complete`; or the answer is empty, withheld or broken.
        UnfinishedAnswer: The answer is cut, and it should be whole.
    """
    why = None if run.last_resort else model.outage.admit()
    if why is not None:
        kept_out = ProviderError(f"model {model.name} ({model.spec}): {why}")
        kept_out.refused, kept_out.retry_after = True, model.outage.wait()
        raise kept_out
    config = config or run.config
    tries = 0
    while True:
        work = _call(
            run, query_id, stage, model, messages, max_tokens, temperature, stop, tags, config,
            spare_seconds, whole=whole,
        )  # fmt: skip
        try:
            return await portal.arun(work)
        except ProviderError as error:
            if not patient or not await pause(error, tries, model, run, query_id):
                raise
        tries += 1


async def pause(error: ModelError, tries: int, model: ChatModel, run: Run, query_id: str) -> bool:
    """Wait until a model can be asked again; return whether that is worth it.

    Args:
        error: How the last call failed.
        tries: How often the call was repeated already.
        model: The model.
        run: The ledger and the budget.
        query_id: Whose call it is.
    """
    if error.retry_after is None or tries >= model.max_retries:
        return False
    seconds = error.retry_after or FIRST_WAIT * 2.0**tries
    limit = run.budget.per_query.get("seconds")
    left = LONGEST_WAIT if limit is None else min(LONGEST_WAIT, limit - run.ledger.spent(query_id)["seconds"])
    if seconds > left:
        return False
    await asyncio.sleep(seconds)
    return True


async def _call(
    run: Run, query_id: str, stage: str, model: ChatModel, messages: "Sequence[BaseMessage]",
    max_tokens: int, temperature: float, stop: Sequence[str], tags: Sequence[str],
    config: "RunnableConfig | None", spare_seconds: float, *, whole: bool,
) -> Completion:  # fmt: skip
    most_input = await model.bound_prompt(messages) if run.budget.limited else None
    worst = run.cost_model.call(model.name, most_input or 0, max_tokens)
    spent = run.ledger.spent(query_id)
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
                    completion = await model.complete(
                        messages, max_tokens=max_tokens, temperature=temperature, stop=stop,
                        config=config, tags=tags, line=line, most_input=most_input,
                    )  # fmt: skip
                check(completion, model.name, model.spec, whole=whole)
                return completion
            except TimeoutError as error:
                raise _too_late(model, seconds) from error
            finally:
                line.booked = run.ledger.line_cost(line)  # the model has put on it what it used, or may have
                held.settle(line.booked)


def _too_late(model: ChatModel, seconds: float | None) -> BudgetExceeded:
    return BudgetExceeded(
        f"objective.budget.per_query.seconds: model {model.name} had no answer in the {seconds or 0.0:.3g} s "
        "that it had; raise the limit, or use a faster model"
    )

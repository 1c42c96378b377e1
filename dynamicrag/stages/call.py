"""Calls a model within the budget and on the account; all stages call models this way."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING

from dynamicrag import portal, traces
from dynamicrag.errors import BudgetExceeded, ModelError, ProviderError
from dynamicrag.llm.chat import ChatModel
from dynamicrag.llm.completion import Completion
from dynamicrag.llm.finish import check
from dynamicrag.stages.base import Run
from dynamicrag.stages.chat_attributes import answered, asked

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import RunnableConfig

LONGEST_WAIT = 30.0
"""Longest wait of a question in seconds until a model can be called again."""
FIRST_WAIT = 0.5
"""Seconds before the first retry if the provider names none; doubled for each further retry."""


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
    """Reserve the worst case, call the model, and book its usage.

    A model that has failed is skipped for a while, unless it is the last resort. A call that breaks off, or
    whose provider reports no credible usage, is booked at its worst case; a call that reached nobody costs
    nothing.

    All of it runs on the portal's loop, which never closes: a cancelled caller, even with its loop closed,
    leaves no reservation behind.

    Args:
        run: The ledger and the budget.
        query_id: The query that makes the call.
        stage: The stage, or other part, that makes it.
        model: The model.
        messages: The prompt.
        max_tokens: Largest number of tokens to generate.
        temperature: 0 for the likeliest answer.
        stop: Texts that end the answer.
        tags: As for :meth:`ChatModel.complete`.
        config: As for :meth:`ChatModel.complete`; by default the node's.
        spare_seconds: Seconds of the query to leave for another model; at most half of them are left.
        whole: Whether an answer cut by its limit counts as a failure.
        patient: Whether to wait and retry after a temporary failure.

    Raises:
        BudgetExceeded: It exceeds the budget, or took longer than the remaining seconds.
        ModelError: As :meth:`ChatModel.complete`; or the answer is empty, withheld or broken.
        UnfinishedAnswer: The answer is cut, and ``whole`` is set.
    """
    admit(model, run)
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


def admit(model: ChatModel, run: Run) -> None:
    """Refuse a call to a model in the cooldown after a failure, unless it is the last resort.

    Raises:
        ProviderError: The model is left alone.
    """
    why = None if run.last_resort else model.outage.admit()
    if why is not None:
        kept_out = ProviderError(f"model {model.name} ({model.spec}): {why}")
        kept_out.refused, kept_out.retry_after = True, model.outage.wait()
        raise kept_out


async def pause(error: ModelError, tries: int, model: ChatModel, run: Run, query_id: str) -> bool:
    """Wait until a model can be called again; return whether a retry is worthwhile."""
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
    async with AsyncExitStack() as stack:
        with model.outage.preparing():
            most_input = await model.bound_prompt(messages) if run.budget.limited else None
            worst = run.cost_model.call(model.name, most_input or 0, max_tokens)
            spent = run.ledger.spent(query_id)
            limit = run.budget.per_query.get("seconds")
            seconds = None if limit is None else max(0.0, limit - spent["seconds"])
            if seconds is not None:
                seconds -= min(spare_seconds, seconds / 2)
                if not seconds:
                    raise _too_late(model, seconds) from TimeoutError()  # nothing is sent and nothing charged
            profile = run.cost_model.profile(model.name)
            payer, so_far = run.ledger.paid_by(query_id), partial(run.ledger.spent, query_id)
            held = await stack.enter_async_context(run.budget.reserved(payer, worst, so_far))
        with run.ledger.span(query_id, stage, model.name, profile, model.spec) as line:
            traces.note(lambda: asked(messages, max_tokens, temperature))
            try:
                async with asyncio.timeout(seconds):
                    completion = await model.complete(
                        messages, max_tokens=max_tokens, temperature=temperature, stop=stop,
                        config=config, tags=tags, line=line, most_input=most_input,
                    )  # fmt: skip
                traces.note(lambda: answered(completion))
                check(completion, model.name, model.spec, whole=whole)
                return completion
            except TimeoutError as error:
                raise _too_late(model, seconds) from error
            finally:
                line.booked = run.ledger.line_cost(line)  # the model has set its usage, or its worst case
                held.settle(line.booked)


def _too_late(model: ChatModel, seconds: float | None) -> BudgetExceeded:
    late = BudgetExceeded(
        f"objective.budget.per_query.seconds: model {model.name} had no answer in the {seconds or 0.0:.3g} s "
        "that it had; raise the limit, or use a faster model"
    )
    if seconds:
        late.short = {"seconds": 2 * seconds}  # it begins again, and needs more than it had
    return late

"""Prepares a pipeline, so that the first question does not wait."""

import time
from functools import partial
from typing import TYPE_CHECKING

from dynamicrag import portal
from dynamicrag.cost.attribution import Attribution
from dynamicrag.cost.expect import Plan
from dynamicrag.cost.line import WARM
from dynamicrag.cost.meter import NullMeter
from dynamicrag.graph.policies import Policies
from dynamicrag.llm.prompts.base import BLANK, NOTHING
from dynamicrag.policy.assembly import Pipeline
from dynamicrag.retrieval.scan import Progress
from dynamicrag.routers.fixed import Fixed
from dynamicrag.stages.prompt import PromptStage
from dynamicrag.stages.retriever import RetrieverStage

if TYPE_CHECKING:
    from dynamicrag.llm.chat import ChatModel
    from dynamicrag.retrieval.embedder import Embedder

METER_SECONDS = 10.0


def warm(policies: Policies, progress: Progress | None = None) -> None:
    """Ingest the corpora, load the models and fill their prompt caches; each once, if policies share it.

    Args:
        policies: The policies.
        progress: Called with the amount done, the total (0: unknown) and a label.

    Raises:
        DynamicRAGError: A resource of the policy is unavailable.
    """
    progress = progress or _silent
    loaded: list[ChatModel] = []
    first: list[tuple[Pipeline, str]] = []
    embedders: dict[Embedder, None] = {}
    for pipeline in policies.values():
        dense = wants_vectors(pipeline)
        for name, corpus in pipeline.corpora.items():
            corpus.ensure(partial(_named, progress, name), dense=dense)
        names = used_models(pipeline, conversation=True)
        waiting = [name for name in names if pipeline.models[name] not in loaded]
        for number, name in enumerate(waiting):
            progress(number, len(waiting), f"loading {name}")
            pipeline.models[name].load()
            loaded.append(pipeline.models[name])
        first = [*first, *((pipeline, name) for name in waiting)]
        progress(len(waiting), len(waiting), "loading")
        embedders |= dict.fromkeys(corpus.embedder for corpus in pipeline.corpora.values() if dense)
        if routers_embed(pipeline):
            embedders[pipeline.embedder] = None
    for embedder in embedders:
        progress(0, 0, "loading the embedder")
        embedder.load()
        if embedder.runs == "in_process":  # a service would be paid for the words
            embedder.embed(["warm"])
    progress(0, 0, "starting the meter")
    await_meter(policies.first.ledger.attribution)
    for number, (pipeline, name) in enumerate(first):
        progress(number, len(first), f"filling the prompt cache of {name}")
        first_call(pipeline, name, stays=True)


def _silent(done: int, total: int, label: str) -> None:
    """Ignore progress."""


def _named(progress: Progress, name: str, done: int, total: int, label: str) -> None:
    progress(done, total, f"{label} {name}")


def first_call(pipeline: Pipeline, name: str, *, stays: bool) -> None:
    """Let a model in this process generate a token, because its first call is slow.

    The call is on an account of its own, ``warm:NAME``, and on no query's.

    Args:
        pipeline: The policy.
        name: Name of the model, which is loaded.
        stays: Whether the process will answer many questions. Then a model that answers reads the beginning
            of its prompts, so that its prompt cache has it before the first question.
    """
    from langchain_core.messages import BaseMessage, HumanMessage

    model, ledger = pipeline.models[name], pipeline.ledger
    if model.runs != "in_process":
        return
    messages: list[BaseMessage] = [HumanMessage("hi")]
    stage = pipeline.stages.get("prompt")
    if stays and model.caches and isinstance(stage, PromptStage) and _may_answer(pipeline, name):
        strategy = stage.strategies[stage.planned().name]
        if model.held(strategy.beginning(grounded=True), 1.0) == 1.0:
            return
        messages = strategy.messages(NOTHING, [BLANK])

    async def read() -> None:
        with ledger.span(f"{WARM}{name}", "warm", name, pipeline.profiles[name], model.spec) as line:
            await model.complete(messages, max_tokens=1, line=line)

    portal.run(read())


def _may_answer(pipeline: Pipeline, name: str) -> bool:
    """Return whether the policy may choose a model to answer."""
    stage = pipeline.stages["generator"]
    fixed = isinstance(stage.router, Fixed)
    return name in ([stage.planned().name] if fixed else [option.name for option in stage.options])


def used_models(pipeline: Pipeline, *, conversation: bool) -> list[str]:
    """Return the names of the models that the policy may use."""
    names = [option.name for option in pipeline.stages["generator"].options]
    plans = [
        stage.apply(option, Plan(context_tokens=1.0))
        for stage in pipeline.stages.values()
        for option in stage.options
    ]
    names += [each.model for plan in plans for each in plan.helps if each.model]
    names += [model for point in pipeline.points.values() for model in point.router.models]
    if pipeline.policy.helper and (conversation or any(plan.rounds > 1 for plan in plans)):
        names.append(pipeline.policy.helper)
    return list(dict.fromkeys(names))


def wants_vectors(pipeline: Pipeline) -> bool:
    """Return whether any retriever of the policy needs the corpus embedded."""
    stage = pipeline.stages["retriever"]
    assert isinstance(stage, RetrieverStage), "the built-in stage of this name"
    return stage.needs_vectors


def routers_embed(pipeline: Pipeline) -> bool:
    """Return whether any router uses an embedding of the question."""
    return any(stage.router.embeds for stage in pipeline.points.values())


def await_meter(attribution: Attribution) -> None:
    """Wait for the first report of the meter; calls before it would not be metered."""
    until = time.perf_counter() + METER_SECONDS
    waits = not isinstance(attribution.meter, NullMeter)
    while waits and not attribution.metering and time.perf_counter() < until:
        time.sleep(0.05)

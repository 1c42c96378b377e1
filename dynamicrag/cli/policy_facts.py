"""The parts of a policy, and notes for its user; nothing is loaded, asked or imported."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dynamicrag.cli.prepare import to_pull
from dynamicrag.cost.prices import Price

if TYPE_CHECKING:
    from dynamicrag.policy.assembly import Pipeline
    from dynamicrag.policy.policy import Policy


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A model of a policy.

    Attributes:
        name: Its name in the policy.
        model: Its spec, as ``local:smollm2-135m-instruct``.
        runs: The place that it runs at, as ``in_process``.
        used: Whether any question can use it.
        pulled: Whether it is on this machine; ``None`` if it runs elsewhere.
        price: Its price.
        ability: Accuracy on MMLU, measured or estimated; ``None`` if unknown.
        ability_source: Source of the ability, or the basis of its estimate.
        estimated: Whether the ability is an estimate.
    """

    name: str
    model: str
    runs: str
    used: bool
    pulled: bool | None
    price: Price
    ability: float | None
    ability_source: str
    estimated: bool


@dataclass(frozen=True, slots=True)
class StageFacts:
    """A stage of a policy: its options, weakest first, and its router."""

    stage: str
    options: Sequence[str]
    router: str


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """A policy; ``corpora`` has the paths of each, ``meter`` is what measures joules on this machine."""

    policy: str
    corpora: Mapping[str, Sequence[str]]
    models: Sequence[ModelFacts]
    stages: Sequence[StageFacts]
    budget: Mapping[str, Any]
    weights: Mapping[str, float]
    meter: str
    notes: Sequence[str]

    def as_json(self) -> dict[str, Any]:
        """Return it for ``--json``."""
        models = [asdict(model) | {"price": model.price.as_dict()} for model in self.models]
        return asdict(self) | {"models": models}


def facts_of(policy: "Policy", pipeline: "Pipeline", *, trust: bool) -> PolicyFacts:
    """Return the facts of a policy.

    Args:
        policy: The policy.
        pipeline: The policy, assembled.
        trust: Whether its modules were imported.
    """
    from dynamicrag.cost.ability import ASSUMED, accuracy_at
    from dynamicrag.cost.prices import price_of
    from dynamicrag.graph.warm import used_models
    from dynamicrag.retrieval.names import shown

    today = datetime.now(UTC).date()
    used = used_models(pipeline, conversation=True)
    missing = to_pull(pipeline, used)
    models = [
        ModelFacts(
            name, model.spec, model.runs, name in used,
            model.spec.removeprefix("local:") not in missing if model.runs == "in_process" else None,
            price_of(name, profile, today),
            None if profile.ability is None else round(accuracy_at(profile.ability), 3),
            profile.ability_source, ASSUMED in profile.assumed,
        )
        for (name, model), profile in zip(pipeline.models.items(), pipeline.profiles.values(), strict=True)
    ]  # fmt: skip
    return PolicyFacts(
        policy.name,
        {name: list(map(shown, corpus.paths)) for name, corpus in pipeline.corpora.items()},
        models,
        [
            StageFacts(name, [option.name for option in stage.options], stage.router.registered)
            for name, stage in pipeline.stages.items()
        ],
        policy.objective.budget.model_dump(),
        dict(policy.objective.weights),
        pipeline.ledger.attribution.meter.name,
        [
            *([] if trust else _not_imported(policy)),
            *_missing(policy, pipeline),
            *_unmetered(pipeline, used),
            *_about_embeddings(pipeline),
            *_about_weights(policy, pipeline),
        ],
    )


def _not_imported(policy: "Policy") -> Iterator[str]:
    """Name the modules that were not imported."""
    from dynamicrag.registry import parse_spec

    for name in policy.plugins:
        yield f"plugin {name} was not imported, which would run it; --trust does"
    for name, spec in policy.stages["retriever"].described.items():
        _, params = parse_spec(spec or name, name)
        if "path" in params:
            yield f"{name}: {params['path']} was not imported, which would run it; --trust does"


def _missing(policy: "Policy", pipeline: "Pipeline") -> Iterator[str]:
    """Name the packages and keys that models and embedders need and this machine lacks."""
    from dynamicrag.llm.providers import missing
    from dynamicrag.policy.build_embedders import missing as missing_embedder

    for name, model in pipeline.models.items():
        for lack in missing(model.spec, policy.models[name].params):
            yield f"model {name} ({model.spec}): {lack}"
    for name, section in policy.corpora.items():
        if section.embedding is not None and (lack := missing_embedder(section.embedding, name)):
            yield f"corpus {name}: embedding: {lack}"


def _unmetered(pipeline: "Pipeline", used: Collection[str]) -> Iterator[str]:
    """Name the models of servers on this host that cannot be metered, as things stand."""
    from dynamicrag.cost.servers.meter import server_meter

    for name, model in pipeline.models.items():
        if name in used and model.runs == "same_host" and model.address is not None:
            reason = server_meter(model.address).look()
            if reason:
                yield f"model {name} ({model.spec}) at {model.address}: its energy is estimated: {reason}"


def _about_embeddings(pipeline: "Pipeline") -> Iterator[str]:
    """Name the corpora whose embedding model cannot read their language, or has no measured scale."""
    from dynamicrag.graph.warm import wants_vectors
    from dynamicrag.retrieval.english import notice_of

    if not wants_vectors(pipeline):
        return
    yield from filter(None, map(notice_of, pipeline.corpora.values()))
    for name, corpus in pipeline.corpora.items():
        if corpus.scale is None:
            yield (
                f"corpus {name}: what the cosines of {corpus.embedder.name} mean was not measured, so only "
                f"words decide whether the documents cover a question; give corpora.{name}.nearness: "
                "{similar: …, strange: …} to use cosines too"
            )


_PROMPT, _ANSWER = 1500, 150
"""Tokens of a typical call, to show the effect of weights."""


def _about_weights(policy: "Policy", pipeline: "Pipeline") -> Iterator[str]:
    """Say if the costs of two models differ by more than quality can, so that it does not count."""
    names = [option.name for option in pipeline.stages["generator"].options]
    costs = {
        name: pipeline.cost_model.call(name, _PROMPT, _ANSWER).weighted(policy.objective.weights)
        for name in names
        if name in pipeline.models
    }
    if len(costs) < 2:
        return
    cheapest, costliest = min(costs, key=costs.__getitem__), max(costs, key=costs.__getitem__)
    apart = costs[costliest] - costs[cheapest]
    if apart > 1:
        yield (
            f"objective.weights: by these a call of model {costliest!r} with {_PROMPT:,} tokens costs "
            f"{apart:.2g} of quality more than one of {cheapest!r}, and quality is from 0 to 1: cost alone "
            f"decides; divide the weights by {math.ceil(apart * 10)} to let both count"
        )

"""A policy to a working pipeline; the only place where names become objects.

Nothing heavy happens here: corpora are opened and models loaded on first use, or by ``load``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from dynamicrag.cost.budget import Budget
from dynamicrag.cost.expect import CostModel
from dynamicrag.cost.grid import intensity
from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.meter import make_meter
from dynamicrag.cost.profiles import Profile, Profiles, Rate, load_profiles
from dynamicrag.errors import PolicyError, unknown
from dynamicrag.llm.chat import ChatModel, chat_model
from dynamicrag.llm.pull import cache_dir, path_of, pull
from dynamicrag.policy import CorpusSection, Policy
from dynamicrag.retrieval.corpus import Corpus
from dynamicrag.retrieval.embedder import Embedder
from dynamicrag.sections import Sections
from dynamicrag.stages.base import StageBase
from dynamicrag.stages.decide import Decider

EMBEDDER = "all-minilm-l6-v2"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """All objects of a policy, wired together."""

    policy: Policy
    corpora: Mapping[str, Corpus]
    models: Mapping[str, ChatModel]
    profiles: Mapping[str, Profile]
    helper: str | None
    stages: Mapping[str, StageBase]
    decider: Decider
    ledger: Ledger
    budget: Budget


def assemble(policy: Policy) -> Pipeline:
    """Build the pipeline of a policy.

    Raises:
        PolicyError: A name in the policy does not exist or does not fit where it stands.
        ModelUnavailable: A model of the policy does not exist.
    """
    known = load_profiles()
    country = policy.host.country
    host = known.host
    if country is not None:
        host = replace(host, gco2e_per_kwh=intensity(country, policy.where("host", "country")))
    ledger = Ledger(make_meter(policy.host.meter, policy.where("host", "meter")), host)
    corpora = _corpora(policy)
    models = {
        name: chat_model(name, section.model, **section.params) for name, section in policy.models.items()
    }
    profiles = {name: _profile(policy, name, models[name], known) for name in models}
    if policy.helper is not None and policy.helper not in models:
        raise PolicyError(unknown(policy.where("helper"), "model", policy.helper, models))
    budget = Budget(**policy.objective.budget.model_dump())
    stages = Sections(policy, corpora, models, profiles).build()
    cost_model = CostModel(profiles, policy.helper, host)
    return Pipeline(
        policy=policy,
        corpora=corpora,
        models=models,
        profiles=profiles,
        helper=policy.helper,
        stages=stages,
        decider=Decider(stages, cost_model, budget, ledger),
        ledger=ledger,
        budget=budget,
    )


def make_corpus(name: str, section: CorpusSection, folder: Path) -> Corpus:
    """Return a corpus of the policy; it is ingested on first use."""
    return Corpus(
        name,
        [folder / path for path in section.path],
        chunk_size=section.chunk.size,
        chunk_overlap=section.chunk.overlap,
        embedder=Embedder(_embedder_path, name=EMBEDDER),
        root=cache_dir() / "corpora",
    )


def _embedder_path() -> Path:
    return path_of(EMBEDDER) or pull(EMBEDDER)


def _corpora(policy: Policy) -> dict[str, Corpus]:
    for name, section in policy.corpora.items():
        for path in section.path:
            if not (policy.folder / path).exists():
                place = policy.where("corpora", name, "path")
                raise PolicyError(f"{place}: {path} does not exist; give --corpus PATH, or mend the path")
    return {name: make_corpus(name, section, policy.folder) for name, section in policy.corpora.items()}


def _profile(policy: Policy, name: str, model: ChatModel, known: Profiles) -> Profile:
    profile = replace(known.of(model.spec, model.runs), runs=model.runs)
    where = policy.where("models", name, "profile")
    valid = {field.name for field in fields(Profile)} - {"runs"}
    for key, value in policy.models[name].profile.items():
        if key not in valid:
            raise PolicyError(unknown(where, "key", key, valid))
        try:
            changed: dict[str, Any] = {key: Rate(**value) if isinstance(value, Mapping) else value}
            profile = replace(profile, **changed)
        except (TypeError, ValueError) as error:
            raise PolicyError(f"{where}.{key}: {error}") from None
    return profile

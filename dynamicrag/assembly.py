"""A policy to a working pipeline; the only place where names become objects.

Nothing heavy happens here: corpora are opened and models loaded on first use, or by ``load``.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from dynamicrag.building import Built, build_stages
from dynamicrag.corpora import make_corpora
from dynamicrag.cost.bookkeeper import Bookkeeper
from dynamicrag.cost.budget import Budget
from dynamicrag.cost.calibration import Calibration, Observation
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.expect import CostModel, Priced
from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.meters import check_meter
from dynamicrag.cost.process import shared_attribution
from dynamicrag.cost.profiles import Profile, dearest, here, load_profiles, override
from dynamicrag.cost.runs import Runs, data_dir
from dynamicrag.cost.shared_purse import SharedPurse
from dynamicrag.dependencies import Dependencies
from dynamicrag.drafts.verification import Verification
from dynamicrag.embedders import default_embedder
from dynamicrag.errors import PolicyError, RunsError, unknown
from dynamicrag.llm.build import chat_model
from dynamicrag.llm.chat import ChatModel
from dynamicrag.llm.params import check_params
from dynamicrag.objects import Objects, check_taken
from dynamicrag.policy import Policy
from dynamicrag.policy_checks import check_stages
from dynamicrag.retrieval.corpus import Corpus
from dynamicrag.retrieval.embedder import Embedder
from dynamicrag.stages.base import DecisionPoint, Run, StageBase, option_names
from dynamicrag.stages.decide import Decider
from dynamicrag.stages.routing import Asker

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """All objects of a policy, wired together."""

    policy: Policy
    corpora: Mapping[str, Corpus]
    embedder: Embedder
    models: Mapping[str, ChatModel]
    profiles: Mapping[str, Profile]
    helper: str | None
    stages: Mapping[str, StageBase]
    verification: Verification
    decider: Decider
    cost_model: CostModel
    ledger: Ledger
    budget: Budget
    bookkeeper: Bookkeeper

    @property
    def points(self) -> Mapping[str, DecisionPoint]:
        """All points of decision by name, in order."""
        return {**self.stages, self.verification.name: self.verification}


def assemble(policy: Policy, *, objects: Objects = Objects(), trust: bool = True) -> Pipeline:  # noqa: B008
    """Build the pipeline of a policy.

    Args:
        policy: The policy.
        objects: The caller's own objects, for names of the policy.
        trust: Whether modules that it names may be imported. A pipeline of a policy that is not trusted
            has been checked, but answers nothing.
        prompts: The caller's own prompt strategies, by the options of ``stages.prompt`` that they are.

    Raises:
        PolicyError: A name in the policy does not exist or does not fit where it stands, or an object is of
            the wrong type or for a name that the policy does not have.
        ModelUnavailable: A model of the policy does not exist.
    """
    known = load_profiles()
    host = here(known.host, policy.host.country, policy.host.coefficients, policy.where("host"))
    meter = check_meter(policy.host.meter, policy.where("host", "meter"))
    runs = Runs(keep=policy.runs.keep) if policy.runs.keep else None
    calibration = Calibration(_observations(runs))
    ledger = Ledger(shared_attribution(meter), host, calibration)
    objects.check_names(policy)
    models = _models(policy, objects)
    profiles = {
        name: override(
            replace(known.of(model.spec, model.runs), runs=model.runs),
            policy.models[name].profile,
            policy.where("models", name, "profile"),
        )
        for name, model in models.items()
    }
    specs = {name: model.spec for name, model in models.items()}
    profiles = _priced(profiles, specs, [*known.models.values(), *profiles.values()], policy)
    if policy.helper is not None and policy.helper not in models:
        raise PolicyError(unknown(policy.where("helper"), "model", policy.helper, models))
    embedder = objects.own_embedder() or default_embedder()
    corpora = make_corpora(policy, ledger, known, embedder)
    priced = {name: Priced(model.spec, profiles[name], caches=model.caches) for name, model in models.items()}
    cost_model = CostModel(priced, policy.helper, host, calibration)
    budget = _budget(policy)
    routers, verifiers = objects.own_routers(), objects.own_verifiers()
    deps = Dependencies(
        models=models,
        helper=policy.helper,
        embedder=embedder,
        corpora=corpora,
        folder=policy.folder,
        weights=policy.objective.weights,
        trust=trust,
        routers=routers,
        retrievers=objects.own_retrievers(),
        verifiers=verifiers,
        prompts=objects.own_prompts(policy),
    )
    built = build_stages(policy, deps)
    check_stages(policy, built)
    for model in models.values() if policy.observe else ():
        model.keep_temperature()
    mover = built.verification.router.registered
    asker = Asker(models, policy.helper, Run(ledger, budget, cost_model, None, _unheard))
    check_taken(routers, "routers", "stages.STAGE.router")
    check_taken(verifiers, "verifiers", "stages.verification.verifiers")
    return Pipeline(
        policy=policy,
        corpora=corpora,
        embedder=embedder,
        models=models,
        profiles=profiles,
        helper=policy.helper,
        stages=built.stages,
        verification=built.verification,
        decider=Decider(built.stages, cost_model, budget, ledger, built.verification.asks, mover, asker),
        cost_model=cost_model,
        ledger=ledger,
        budget=budget,
        bookkeeper=Bookkeeper(ledger, budget, runs, _names(built)),
    )


def _names(built: Built) -> dict[str, list[str]]:
    return option_names({**built.stages, built.verification.name: built.verification})


def _models(policy: Policy, objects: Objects) -> dict[str, ChatModel]:
    models = {}
    for name, section in policy.models.items():
        where = policy.where("models", name)
        model = objects.model(name, section, where)
        if model is None:
            check_params(section.model, section.params, f"{where}.params")
            model = chat_model(name, section.model, **section.params)
            if section.runs not in (None, model.runs) and model.runs == "in_process":
                raise PolicyError(f"{where}.runs: {section.model} runs in this process; take this out")
            model.runs = section.runs or model.runs
        models[name] = model
    return models


def _observations(runs: Runs | None) -> Mapping[str, list[Observation]]:
    if runs is None:
        return {}
    try:
        return runs.observations()
    except RunsError as error:
        _log.warning("%s; expected costs are the profiles' until then", error)
        return {}


def _priced(
    profiles: Mapping[str, Profile], specs: Mapping[str, str], all_known: Iterable[Profile], policy: Policy
) -> dict[str, Profile]:
    """Return the profiles with a stand-in for every price that is not known, to choose by.

    Raises:
        PolicyError: There is a limit in usd: it could not be kept.
    """
    stand_in = dearest(all_known)
    unknown_ = [name for name, profile in profiles.items() if not profile.priced]
    budget = policy.objective.budget
    for scope, limits in (("per_query", budget.per_query), ("total", budget.total)):
        priced = next((d for d in limits if DIMENSIONS.source(d) == "usd"), None)
        if unknown_ and priced is not None:
            name = unknown_[0]
            raise PolicyError(
                f"{policy.where('objective', 'budget', scope, priced)}: no price is known of model {name!r} "
                f"({specs[name]}), so the limit cannot be kept; give it in usd per token: "
                f"models.{name}.profile.usd: {{input: 1.0e-6, output: 2.0e-6}}, or 0 if it is free"
            )
    if unknown_ and policy.objective.weights.get("usd"):
        _log.warning(
            "objective.weights.usd: no price is known of %s; options with it are compared at the dearest "
            "known price. Give models.NAME.profile.usd: {input: ..., output: ...} in usd per token",
            ", ".join(unknown_),
        )
    return {
        name: profile if profile.priced else replace(profile, usd=stand_in)
        for name, profile in profiles.items()
    }


def _budget(policy: Policy) -> Budget:
    section = policy.objective.budget
    purse = SharedPurse(data_dir() / "budgets.sqlite", section.account) if section.account else None
    return Budget(section.per_query, section.total, section.exhausted, purse)


def _unheard(event: Mapping[str, object]) -> None:
    """Send an event to nobody: routers have none to send."""

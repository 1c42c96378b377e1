"""Builds a working pipeline from a policy; the only place where names become objects.

Nothing heavy happens here: corpora are opened and models loaded on first use, or by ``load``.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dynamicrag.cost.bookkeeper import Bookkeeper
from dynamicrag.cost.budget import Budget
from dynamicrag.cost.calibration import Calibration
from dynamicrag.cost.cost_model import CostModel, Priced
from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.meters import check_meter
from dynamicrag.cost.process import shared_attribution
from dynamicrag.cost.profiles import Profile, Profiles, here, load_profiles
from dynamicrag.cost.rates import calibration_key
from dynamicrag.cost.shared_purse import SharedPurse
from dynamicrag.dependencies import Dependencies
from dynamicrag.drafts.verification import Verification
from dynamicrag.errors import PolicyError, unknown
from dynamicrag.learning.background import Background
from dynamicrag.learning.judge import SampledJudge
from dynamicrag.learning.sources import JUDGE
from dynamicrag.learning.writer import FeedbackWriter
from dynamicrag.llm.build import chat_model
from dynamicrag.llm.chat import ChatModel
from dynamicrag.llm.params import check_params
from dynamicrag.policy.build_corpora import make_corpora
from dynamicrag.policy.build_embedders import default_embedder
from dynamicrag.policy.build_stages import build_stages
from dynamicrag.policy.checks import check_stages
from dynamicrag.policy.objects import Objects, Taken, check_taken
from dynamicrag.policy.policy import Policy
from dynamicrag.policy.priced import profiles_of
from dynamicrag.policy.sharing import Shared, beside, named
from dynamicrag.retrieval.base import Retriever
from dynamicrag.retrieval.corpus import Corpus
from dynamicrag.retrieval.embedder import Embedder
from dynamicrag.stages.base import DecisionPoint, Run, StageBase
from dynamicrag.stages.decide import Decider
from dynamicrag.stages.routing import Asker
from dynamicrag.store.address import data_dir

if TYPE_CHECKING:
    from dynamicrag.cost.runs import Runs
    from dynamicrag.store.log import Log


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
    feedback: FeedbackWriter
    after: Background
    judge: SampledJudge | None
    logs: bool = True

    @property
    def points(self) -> Mapping[str, DecisionPoint]:
        """All decision points by name, in order."""
        return {**self.stages, self.verification.name: self.verification}

    @property
    def log(self) -> "Log | None":
        """The decision log; ``None`` if the policy stores no queries, or these are not queries of users."""
        return self.bookkeeper.log if self.logs else None


@dataclass(frozen=True, slots=True)
class _Common:
    """Resources shared by all policies of one object."""

    known: Profiles
    ledger: Ledger
    budget: Budget
    bookkeeper: Bookkeeper
    feedback: FeedbackWriter
    after: Background
    embedder: Embedder
    objects: Objects
    routers: Taken
    retrievers: Mapping[str, Retriever]
    verifiers: Taken
    shared: Shared
    trust: bool

    def beside(self, policy: Policy) -> "_Common":
        """Return a copy for a further policy: with its limits, and copies of objects that a policy binds."""
        limits = policy.objective.budget
        return replace(
            self,
            budget=self.budget.beside(limits.per_query, limits.exhausted),
            retrievers={name: copy.copy(each) for name, each in self.retrievers.items()},
            verifiers=self.verifiers.copied(),
        )


def assemble(policy: Policy, *, objects: Objects = Objects(), trust: bool = True) -> Pipeline:  # noqa: B008
    """Build the pipeline of a policy.

    Args:
        policy: The policy.
        objects: The caller's objects, for names of the policy.
        trust: Whether modules named by the policy may be imported. The pipeline of an untrusted policy is
            checked, but cannot answer.

    Raises:
        PolicyError: A name in the policy is unknown or invalid at its place, or an object has the wrong type
            or a name that the policy lacks.
        ModelUnavailable: A model of the policy does not exist.
    """
    return assemble_all(policy, {}, objects=objects, trust=trust)[0]


def assemble_all(
    first: Policy, further: Mapping[str, Policy], *, objects: Objects, trust: bool = True
) -> list[Pipeline]:
    """Build the pipelines of several policies that share identically described resources.

    They have one ledger, one run database and one total, those of the first. Models, corpora and embedders
    with the same description, and the caller's objects, are shared.

    Args:
        first: The first policy.
        further: Further policies by the name under which their queries are stored.
        objects: The caller's objects, each for a name of any of the policies.
        trust: As for :func:`assemble`.

    Raises:
        PolicyError: As :func:`assemble`, with the name of a further policy; or a further policy has a setting
            reserved for the first.
        ModelUnavailable: A model of a policy does not exist.
    """
    objects.check_names([first, *further.values()])
    common = _common(first, objects, trust)
    pipelines = [_pipeline(first, common)]
    for name, each in further.items():
        with named(name):
            policy = beside(each.model_copy(update={"name": name}), first)
            pipelines.append(_pipeline(policy, common.beside(policy)))
    check_taken(common.routers, "routers", "stages.STAGE.router")
    check_taken(common.verifiers, "verifiers", "stages.verification.verifiers")
    return pipelines


def _common(policy: Policy, objects: Objects, trust: bool) -> _Common:
    known = load_profiles()
    host = here(known.host, policy.host.country, policy.host.coefficients, policy.where("host"))
    meter = check_meter(policy.host.meter, policy.where("host", "meter"))
    runs, log = _store(policy)
    ledger = Ledger(shared_attribution(meter), host, Calibration(runs.known_calls() if runs else {}))
    budget = _budget(policy)
    return _Common(
        known=known,
        ledger=ledger,
        budget=budget,
        bookkeeper=Bookkeeper(ledger, budget, runs, log),
        feedback=FeedbackWriter(log),
        after=Background("an answer's own feedback is lost"),
        embedder=objects.own_embedder() or default_embedder(),
        objects=objects,
        routers=objects.own_routers(),
        retrievers=objects.own_retrievers(),
        verifiers=objects.own_verifiers(),
        shared=Shared(),
        trust=trust,
    )


def _pipeline(policy: Policy, common: _Common) -> Pipeline:
    known, ledger, budget, embedder = common.known, common.ledger, common.budget, common.embedder
    models = _models(policy, common)
    profiles = profiles_of(policy, models, known)
    if policy.helper is not None and policy.helper not in models:
        raise PolicyError(unknown(policy.where("helper"), "model", policy.helper, models))
    corpora = make_corpora(policy, ledger, known, embedder, common.shared)
    priced = {
        name: Priced(calibration_key(model.spec, profiles[name]), profiles[name], model.caches, model.held)
        for name, model in models.items()
    }
    cost_model = CostModel(priced, policy.helper, ledger.host, ledger.calibration)
    deps = Dependencies(
        models=models,
        descriptions={name: each.description for name, each in policy.models.items() if each.description},
        helper=policy.helper,
        embedder=embedder,
        corpora=corpora,
        folder=policy.folder,
        weights=policy.objective.weights,
        budget=budget,
        profiles=profiles,
        trust=common.trust,
        routers=common.routers,
        retrievers=common.retrievers,
        verifiers=common.verifiers,
        prompts=common.objects.own_prompts(),
    )
    built = build_stages(policy, deps)
    check_stages(policy, built)
    for model in models.values() if policy.observe else ():
        model.keep_temperature()
    mover = built.verification.router.registered
    asker = Asker(models, policy.helper, Run(ledger, budget, cost_model))
    judged = built.verification
    decider = Decider(built.stages, cost_model, budget, ledger, judged.asks, judged.doubts, mover, asker)
    return Pipeline(
        policy=policy,
        corpora=corpora,
        embedder=embedder,
        models=models,
        profiles=profiles,
        helper=policy.helper,
        stages=built.stages,
        verification=built.verification,
        decider=decider,
        cost_model=cost_model,
        ledger=ledger,
        budget=budget,
        bookkeeper=common.bookkeeper,
        feedback=common.feedback,
        after=common.after,
        judge=_judge(policy, models, cost_model, common),
    )


def _judge(
    policy: Policy, models: Mapping[str, ChatModel], cost_model: CostModel, common: _Common
) -> SampledJudge | None:
    """Return the judge of a sample of the answers, if the policy has one and learns from it."""
    section = policy.learning.judge
    if section is None:
        return None
    if section.model not in models:
        raise PolicyError(unknown(policy.where("learning", "judge", "model"), "model", section.model, models))
    if not policy.learning.weight(JUDGE) or common.feedback.log is None:
        return None
    run = Run(common.ledger, Budget(total=section.budget), cost_model)
    return SampledJudge(models[section.model], section.share, run, common.feedback, common.after)


def _models(policy: Policy, common: _Common) -> dict[str, ChatModel]:
    models = {}
    for name, section in policy.models.items():
        # an observing policy keeps the models' temperature; prices do not distinguish models
        alike = ("model", name, section.model, section.params, section.runs, policy.observe)
        models[name] = common.shared.get(alike) or common.shared.one(
            alike, _model(policy, name, common.objects)
        )
    return models


def _model(policy: Policy, name: str, objects: Objects) -> ChatModel:
    where, section = policy.where("models", name), policy.models[name]
    model = objects.model(name, section, where)
    if model is None:
        check_params(section.model, section.params, f"{where}.params")
        model = chat_model(name, section.model, **section.params)
        if section.runs not in (None, model.runs) and model.runs == "in_process":
            raise PolicyError(f"{where}.runs: {section.model} runs in this process; remove this")
        model.runs = section.runs or model.runs
    return model


def _store(policy: Policy) -> "tuple[Runs | None, Log | None]":
    """Return the accounts and the decision log in the run store; none if the policy stores no queries."""
    if not policy.runs.keep:
        return None, None
    from dynamicrag.cost.runs import Runs  # SQLAlchemy takes a while to import
    from dynamicrag.store.log import Log

    runs = Runs(policy.runs.address, policy.runs.keep)
    return runs, Log(runs.database, policy.runs.keep)


def _budget(policy: Policy) -> Budget:
    section = policy.objective.budget
    purse = SharedPurse(data_dir() / "budgets.sqlite", section.account) if section.account else None
    return Budget(section.per_query, section.total, section.exhausted, purse)

"""Builds a working pipeline from a policy; the only place where names become objects.

Nothing heavy happens here: corpora are opened and models loaded on first use, or by ``load``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dynamicrag.cost.bookkeeper import Bookkeeper
from dynamicrag.cost.budget import Budget
from dynamicrag.cost.cost_model import CostModel, Priced
from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.profiles import IN_PROCESS, Profile, Profiles
from dynamicrag.cost.rates import calibration_key
from dynamicrag.dependencies import Dependencies
from dynamicrag.drafts.verification import Verification
from dynamicrag.learning.background import Background
from dynamicrag.learning.judge import SampledJudge
from dynamicrag.learning.sources import JUDGE
from dynamicrag.learning.writer import FeedbackWriter
from dynamicrag.llm.chat import ChatModel
from dynamicrag.policy.build_corpora import make_corpora
from dynamicrag.policy.build_models import check_model, make_models, profiles_of
from dynamicrag.policy.build_stages import build_stages
from dynamicrag.policy.checks import check_stages
from dynamicrag.policy.common import Common, common_of
from dynamicrag.policy.objects import Objects, check_taken
from dynamicrag.policy.policy import Policy
from dynamicrag.policy.sharing import beside, named
from dynamicrag.retrieval.corpus import Corpus
from dynamicrag.retrieval.embedder import Embedder
from dynamicrag.stages.base import DecisionPoint, Run, StageBase
from dynamicrag.stages.decide import Decider
from dynamicrag.stages.routing import Asker

if TYPE_CHECKING:
    from dynamicrag.store.log import Log


@dataclass(frozen=True, slots=True)
class Pipeline:
    """All objects of a policy, wired together."""

    policy: Policy
    corpora: Mapping[str, Corpus]
    embedder: Embedder
    models: Mapping[str, ChatModel]
    profiles: Mapping[str, Profile]
    stages: Mapping[str, StageBase]
    verification: Verification
    asker: Asker
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
    common = common_of(first, objects, trust)
    pipelines = [_pipeline(first, common)]
    for name, each in further.items():
        with named(name):
            policy = beside(each.model_copy(update={"name": name}), first)
            pipelines.append(_pipeline(policy, common.beside(policy)))
    check_taken(common.routers, "routers", "stages.STAGE.router")
    check_taken(common.verifiers, "verifiers", "stages.verification.verifiers")
    return pipelines


def _pipeline(policy: Policy, common: Common) -> Pipeline:
    known, ledger, budget, embedder = common.known, common.ledger, common.budget, common.embedder
    models = make_models(policy, common.objects, common.shared)
    profiles = profiles_of(policy, models, known)
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
        embedding=_embedding(embedder, corpora, known),
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
    asker = Asker(
        models=models,
        helper=policy.helper,
        run=Run(ledger, budget, cost_model),
        embedder=embedder,
        embedding=deps.embedding,
    )
    judged = built.verification
    mover = judged.router.registered
    decider = Decider(built.stages, cost_model, budget, ledger, judged.asks, judged.doubts, mover, asker)
    return Pipeline(
        policy=policy,
        corpora=corpora,
        embedder=embedder,
        models=models,
        profiles=profiles,
        stages=built.stages,
        verification=judged,
        asker=asker,
        decider=decider,
        cost_model=cost_model,
        ledger=ledger,
        budget=budget,
        bookkeeper=common.bookkeeper,
        feedback=common.feedback,
        after=common.after,
        judge=_judge(policy, models, cost_model, common),
    )


def _embedding(embedder: Embedder, corpora: Mapping[str, Corpus], known: Profiles) -> Profile:
    """Return the cost profile of the embedding model of routers and verifiers."""
    if embedder.runs == "in_process":
        return IN_PROCESS
    own = (corpus.profile for corpus in corpora.values() if corpus.embedder is embedder)
    return next(own, known.of(embedder.name, embedder.runs))


def _judge(
    policy: Policy, models: Mapping[str, ChatModel], cost_model: CostModel, common: Common
) -> SampledJudge | None:
    """Return the judge of a sample of the answers, if the policy has one and learns from it."""
    section = policy.learning.judge
    if section is None:
        return None
    check_model(section.model, models, policy.where("learning", "judge", "model"))
    if not policy.learning.weight(JUDGE) or common.feedback.log is None:
        return None
    run = Run(common.ledger, Budget(total=section.budget), cost_model)
    return SampledJudge(models[section.model], section.share, run, common.feedback, common.after)

"""Builds the stages of a policy, each from its section, and the loop over drafts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial

from dynamicrag.dependencies import Dependencies
from dynamicrag.drafts.asking import Resources
from dynamicrag.drafts.moves import ABSTAIN, VerificationSection, moves, targets, verdicts
from dynamicrag.drafts.verification import Verification, steps_up
from dynamicrag.errors import PolicyError, unknown
from dynamicrag.policy.policy import Policy
from dynamicrag.registry import parse_spec
from dynamicrag.retrieval.base import RETRIEVERS
from dynamicrag.routers.base import Router
from dynamicrag.routers.build import build_joint, build_router, names
from dynamicrag.routers.joint import Joint
from dynamicrag.routers.paths import varied
from dynamicrag.stages.base import STAGES, DecisionPoint, StageBase, StageDeps, option_names
from dynamicrag.stages.descriptions import described
from dynamicrag.stages.prompt import PromptStage
from dynamicrag.stages.retriever import RetrieverSection
from dynamicrag.topology import TOPOLOGY, VERIFICATION
from dynamicrag.types import Option
from dynamicrag.verify.base import VERIFIERS, Verifier
from dynamicrag.verify.signals import check_gives


@dataclass(frozen=True, slots=True)
class Built:
    """The stages of a policy, in order, and its verification."""

    stages: Mapping[str, StageBase]
    verification: Verification

    @property
    def points(self) -> Mapping[str, DecisionPoint]:
        """All decision points by name, in order."""
        return {**self.stages, self.verification.name: self.verification}


def build_stages(policy: Policy, deps: Dependencies) -> Built:
    """Build the stages named in a policy, and those that every query needs.

    Args:
        policy: The policy.
        deps: The objects for building stages.

    Raises:
        PolicyError: A name is unknown or invalid at its place.
    """
    joint = build_joint(policy.joint, policy.where("joint"), deps) if policy.joint else None
    deps = replace(deps, embeds=_embeds(policy))
    route = partial(_router, policy, deps, joint)
    verification = policy.section(VERIFICATION, VerificationSection)
    stages: dict[str, StageBase] = {}
    given = {each.name: getattr(deps, each.name) for each in fields(deps)}
    for name in TOPOLOGY.drafting:
        if name in policy.stages:
            own = StageDeps(
                **given,
                where=partial(policy.where, "stages", name),
                route=partial(route, name),
                stages=stages,
                hold=verification.stream == "verified",
            )
            stage = stages[name] = STAGES[name].build(policy.stages[name], own)
            stage.options = tuple(described(name, stage.options, descriptions(policy, name, deps)))
    if joint is not None:
        joint.check_paths(option_names(stages), policy.where("joint"))
    prompt = stages["prompt"]
    assert isinstance(prompt, PromptStage), "every policy has a prompt"
    resources = Resources(deps.models, prompt, deps.embedder.readable_measured, deps.embedding)
    move = partial(route, VERIFICATION)
    return Built(stages, _verification(policy, verification, stages, resources, deps, move))


def _embeds(policy: Policy) -> bool:
    """Return whether a retriever of the policy compares embeddings, so that every question is embedded."""
    section = policy.section("retriever", RetrieverSection)
    kinds = []
    for name, spec in section.described.items():
        list_ = "parts" if name in section.parts else "options"
        kinds.append(parse_spec(spec or name, policy.where("stages", "retriever", list_, name))[0])
    return any(kind in RETRIEVERS and RETRIEVERS[kind].needs_vectors for kind in kinds)


def descriptions(policy: Policy, stage: str, deps: Dependencies) -> dict[str, str]:
    """Return the descriptions of a stage's options; a generator's option inherits its model's."""
    inherited = deps.descriptions if stage == "generator" else {}
    return {**inherited, **policy.stages[stage].descriptions}


def _router(
    policy: Policy, deps: Dependencies, joint: Joint | None, stage: str, options: Sequence[Option]
) -> Router:
    """Build the router of a stage."""
    options = described(stage, options, descriptions(policy, stage, deps))
    spec, where = policy.stages[stage].router, policy.where("stages", stage, "router")
    if joint is not None and stage in joint.decides:
        if spec is not None:
            raise PolicyError(f"{where}: 'joint' decides this stage; remove this router or 'joint'")
        joint.check(stage, options, policy.where("joint"))
        return joint
    if spec is None:
        if len(options) > 1:
            raise PolicyError(
                f"{where}: is missing, and there are {len(options)} options; valid: {', '.join(names())}"
            )
        spec = {"fixed": {"option": options[0].name}}
    router = build_router(spec, where, deps)
    router.check(stage, options, where)
    return router


def _verification(
    policy: Policy,
    section: VerificationSection,
    stages: Mapping[str, StageBase],
    resources: Resources,
    deps: Dependencies,
    route: Callable[[Sequence[Option]], Router],
) -> Verification:
    where = partial(policy.where, "stages", VERIFICATION)
    options, editor = verdicts(section, where, resources.models)
    if policy.outside == "abstain" and ABSTAIN not in options:
        raise PolicyError(
            f"{policy.where('outside')}: 'abstain' needs the option 'abstain' in stages.verification.options"
        )
    escalate = targets(section, where)
    back = {stage for stages in escalate.values() for stage in stages}
    found = moves(options, tuple(back), editor)
    verifiers, router = _verifiers(section, deps, where), route(found)
    if router.paths:
        router.check_paths(option_names(stages), where("router", router.registered))
        if section.escalate:
            raise PolicyError(
                f"{where('escalate')}: {router.registered!r} itself chooses the target; remove this"
            )
        found = moves(options, varied(router.paths), editor)
    if section.on_failure == "escalate" and not any(map(steps_up, found)):
        raise PolicyError(
            f"{where('on_failure')}: there is nowhere to escalate to; add the options refine or escalate"
        )
    for verifier in verifiers.values():
        verifier.verdict = router.verdict(verifier.gives[0].name)
    given = {signal.name for verifier in verifiers.values() for signal in verifier.gives}
    for signal in router.reads:
        if signal not in given:
            raise PolicyError(unknown(where("router"), "signal of the verifiers listed", signal, given))
    settings = section.model_dump(include={"max_escalations", "on_failure", "timeout"})
    return Verification(
        described(VERIFICATION, found, section.descriptions),
        router,
        {**settings, "escalate": escalate, "outside": policy.outside},
        verifiers=verifiers,
        stages=stages,
        resources=resources,
    )


def _verifiers(
    section: VerificationSection, deps: Dependencies, where: Callable[..., str]
) -> dict[str, Verifier]:
    verifiers: dict[str, Verifier] = {}
    for position, spec in enumerate(section.verifiers):
        place = where("verifiers", str(position))
        name, _ = parse_spec(spec, place)
        if name in verifiers:
            raise PolicyError(f"{place}: {name!r} is listed twice")
        given: Verifier | None = deps.verifiers.get(name)
        verifiers[name] = given or VERIFIERS.build(spec, place, deps)
        check_gives(verifiers[name], f"{place}.{name}")
        verifiers[name].check(deps.models, f"{place}.{name}")
    return verifiers

"""Compares a candidate policy with the logged one."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from dynamicrag.errors import InputError, PolicyError, unknown
from dynamicrag.lab.whatif.estimates import Estimates, fitted_on
from dynamicrag.lab.whatif.evidence import Evidence
from dynamicrag.lab.whatif.requirement import judged
from dynamicrag.lab.whatif.results import PATH, Part, Requirement, WhatIfReport
from dynamicrag.lab.whatif.taught import teach
from dynamicrag.learning.logged_vectors import LoggedVectors
from dynamicrag.learning.replayed import Played, Replay
from dynamicrag.learning.tabled import tabled, vector_axes
from dynamicrag.policy.assembly import Pipeline, assemble
from dynamicrag.policy.build_embedders import default_embedder
from dynamicrag.policy.objects import Objects
from dynamicrag.policy.policy import Policy
from dynamicrag.store.log import Log

UNTAUGHT = (
    "its router learns from use, and there is no feedback before these queries to learn from; judge it by "
    "the later part of the log, with --since: it then learns from the earlier part"
)

MISSING = "The queries with feedback may differ from the others: people rate as they please."


def compare_policies(
    candidate: Policy,
    log: Log,
    evidence: Evidence,
    requirements: Sequence[Requirement],
    *,
    logged: Policy | None = None,
    stage: str | None = None,
    objects: Objects = Objects(),  # noqa: B008
) -> WhatIfReport:
    """Return the estimates of what a candidate would have given on logged queries.

    Args:
        candidate: The candidate.
        log: The log, for learners of the candidate.
        evidence: The logged queries and their feedback.
        requirements: Requirements on the difference.
        logged: The logged policy; stages that it shares with the candidate are as logged without a replay.
        stage: Only this stage; by default all of them and the path.
        objects: The caller's objects for the candidate.

    Raises:
        InputError: The stage is unknown.
        PolicyError: The candidate cannot be built, or gives a logged name to another model.
    """
    vectors = LoggedVectors(objects.own_embedder() or default_embedder(), evidence.queries)
    pipeline = assemble(_without_documents(candidate), objects=replace(objects, embedder=vectors))
    earlier = teach(pipeline, log, evidence)
    if stage is not None and stage not in pipeline.points:
        raise InputError(unknown("--stage", "stage of the candidate", stage, pipeline.points))
    same = frozenset(same_stages(candidate, logged)) if logged is not None else frozenset[str]()
    replay = Replay(pipeline.points, vectors, same)
    played = asyncio.run(replay.run(evidence.queries))
    for name, learnt in replay.learnt.items():
        if why := fitted_on(learnt, evidence):
            replay.refused.setdefault(name, why)
    for name, rewards in earlier.items():
        if not rewards and name not in same:
            replay.refused.setdefault(name, UNTAUGHT)
    parts, unchanged = _parts(replay, played, evidence, pipeline, stage)
    names = Counter(query.policy for query in evidence.queries)
    return WhatIfReport(
        candidate=candidate.source or candidate.name,
        policies=dict(names),
        queries=len(evidence.queries),
        with_feedback=len(evidence.rewards.reward),
        begin=evidence.queries[0].at,
        end=evidence.queries[-1].at,
        weights=dict(candidate.objective.weights),
        parts=parts,
        unchanged=unchanged,
        verdicts=judged(requirements, parts[-1]),
        notes=[*_notes(evidence, names, logged), *_unpriced(evidence, candidate), *_learners(earlier)],
    )


def _without_documents(policy: Policy) -> Policy:
    """Return a policy that needs no folder of documents: a replay reads none."""
    corpora = {
        name: own
        if all((policy.folder / path).exists() for path in own.path)
        else own.model_copy(update={"path": ["."]})
        for name, own in policy.corpora.items()
    }
    return policy.model_copy(update={"corpora": corpora})


def same_stages(candidate: Policy, logged: Policy) -> list[str]:
    """Return the stages that two policies describe alike, with the same weights and models.

    Raises:
        PolicyError: A model of the candidate has the name of another one in the logged policy.
    """
    for name, model in candidate.models.items():
        other = logged.models.get(name)
        if other is not None and (other.model, other.params) != (model.model, model.params):
            raise PolicyError(
                f"{candidate.where('models', name)}: is {model.model}, and in the logged policy "
                f"{other.model}, whose outcomes the log has; give it another name"
            )
    if candidate.objective.weights != logged.objective.weights or candidate.joint != logged.joint:
        return []
    return [name for name, section in candidate.stages.items() if logged.stages.get(name) == section]


def _parts(
    replay: Replay, played: Sequence[Played], evidence: Evidence, pipeline: Pipeline, stage: str | None
) -> tuple[list[Part], list[str]]:
    """Return the parts, the path last, and the stages that are as logged."""
    axes = vector_axes(evidence.queries)
    estimates = Estimates(evidence, pipeline.policy.objective.weights)
    tables, parts, unchanged = [], [], []
    for name in pipeline.points:
        own = [each for each in played if each.decision.stage == name]
        why = replay.refused.get(name)
        if stage not in (None, name) or not (own or why):
            continue
        if why:
            parts.append(Part(name, len(own), 0, refused=why))
            continue
        table = tabled(name, own, axes)
        if len(table.query):
            tables.append(table)
            parts.append(estimates.part(name, [table]))
        else:
            unchanged.append(name)
    if stage is not None:
        return parts or [estimates.part(stage, [])], unchanged
    refused = [name for name in pipeline.points if name in replay.refused]
    if refused:
        decisions = sum(part.decisions for part in parts)
        why = f"{', '.join(refused)}: {replay.refused[refused[0]]}"
        return [*parts, Part(PATH, decisions, 0, refused=f"it needs all stages; {why}")], unchanged
    return [*parts, estimates.part(PATH, tables)], unchanged


def _unpriced(evidence: Evidence, candidate: Policy) -> list[str]:
    """Return a note for each dimension with a weight whose cost some queries lack."""
    notes, total = [], len(evidence.queries)
    for dimension, weight in candidate.objective.weights.items():
        missing = int(np.isnan(evidence.cost(dimension)).sum()) if weight else 0
        if missing:
            notes.append(
                f"{missing:,} of {total:,} queries have no known {dimension}, which the candidate weighs, "
                "and are left out of utility. Declare it in models.NAME.profile of the policy that answers."
            )
    return notes


def _learners(earlier: Mapping[str, int]) -> list[str]:
    return [
        f"The learner of {name} has learnt from {rewards:,} earlier rewards, and then stands still."
        for name, rewards in earlier.items()
        if rewards
    ]


def _notes(evidence: Evidence, names: Mapping[str, int], logged: Policy | None) -> list[str]:
    rewards, notes = evidence.rewards, []
    without = len(evidence.queries) - len(rewards.reward)
    if without:
        notes.append(
            f"{without:,} of {len(evidence.queries):,} queries have no feedback on the answer and are left "
            f"out of quality and utility. {MISSING}"
        )
    if rewards.pairs:
        notes.append(f"{rewards.pairs:,} preferences are not used: they are no quality of an answer.")
    if rewards.stages:
        notes.append(f"{rewards.stages:,} rewards of a single stage are not used for the answer's quality.")
    for source, count in rewards.others.items():
        notes.append(f"{count:,} rewards from {source!r} are not used: the source has no weight.")
    if len(names) > 1:
        listed = ", ".join(f"{name} {count:,}" for name, count in names.items())
        notes.append(f"The log is of several policies ({listed}); choose one by --policy.")
    if logged is None:
        notes.append(
            "Options are compared by name: those of the candidate must be the same models and parameters as "
            "the logged ones. Give the logged policy's file by --policy to have it checked."
        )
    return notes

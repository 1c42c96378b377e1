"""Options with outcomes, as a router sees them by its evidence: the question, the corpus, the retrieval."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from dynamicrag.cost.profiles import load_profiles
from dynamicrag.features.lexical import lexical
from dynamicrag.features.literals import literals
from dynamicrag.lab.outcomes.table import OutcomeTable
from dynamicrag.lab.priors.recorded import MODELS, SHOWN, grade
from dynamicrag.lab.priors.searched import FINDS, Searched
from dynamicrag.lab.priors.tables import Tables
from dynamicrag.predictors.checks import Floats
from dynamicrag.priors.context import ContextPrior
from dynamicrag.priors.generation import STRATEGIES
from dynamicrag.priors.knowledge import Knowledge
from dynamicrag.priors.stages import Stages
from dynamicrag.types import Option

LEVELS = ("query alone", "plus corpus", "plus evidence")
"""The knowledge of a router; each level has the signals of those before it."""
FIRST = "linked"
"""The retrieval whose signals are the evidence for all paths."""
BY_WORDS = "lexical"
"""The retrieval whose signals are the evidence in the public table, whose search is by words."""
UNREAD = -3.0
"""Logit without the documents where they are needed, as the router ``prior`` has it."""
WEIGHTS: Mapping[str, float] = {"usd": 20.0, "joules": 0.0005}
"""Weights of the preset ``balanced``."""


@dataclass(frozen=True, slots=True)
class Choices:
    """Questions with the outcomes of k options, n of them.

    Attributes:
        name: Their origin.
        quality: Quality, (n, k).
        cost: Weighted cost, in units of quality, (n, k).
        prior: The prior's estimate of quality at each level, (n, k).
        features: Features at each level, (n, d).
        of: Number of each question's recording, (n,).
        options: Names of the options, k.
    """

    name: str
    quality: Floats
    cost: Floats
    prior: Mapping[str, Floats]
    features: Mapping[str, Floats]
    of: Sequence[int]
    options: Sequence[str]


def signals(each: Searched, option: str) -> dict[str, dict[str, float]]:
    """Return the signals known at each level."""
    asked = lexical(each.text)
    corpus = {**asked, **each.coverage, "literals": literals(each.text)}
    return dict(zip(LEVELS, (asked, corpus, {**corpus, **each.signals(option)}), strict=True))


def recorded_choices(
    recorded: Sequence[OutcomeTable],
    searched: Sequence[Searched],
    tables: Tables,
    knowledge: Knowledge,
    stages: Sequence[Stages],
) -> Choices:
    """Return the paths that all recordings have, on answerable questions with known passages.

    Args:
        recorded: The recordings.
        searched: Questions with retrievals.
        tables: The embedding model.
        knowledge: The prior of generator and retrieval.
        stages: The parts around the generator for each recording, learnt without it.
    """
    of = {each.id: each for each in searched}
    shared = [name for name in recorded[0].options if all(name in table.options for table in recorded[1:])]
    profiles = load_profiles()
    abilities = {name: profiles.of(spec, "in_process").ability or 0.0 for name, spec in MODELS.items()}
    model = knowledge.generation(tables.embedder)
    quality, cost, number, known = [], [], [], []
    prior: dict[str, list[list[float]]] = {level: [] for level in LEVELS}
    for place, table in enumerate(recorded):
        for row in table.rows:
            outcomes = [row.outcomes[name] for name in shared if name in row.outcomes]
            own = [grade(outcome) for outcome in outcomes]
            if row.id not in of or len(own) < len(shared) or not np.isfinite(own).all():
                continue
            vector = tables.embed([row.text])[0] if model.features.embedder else None
            question = model.question(row.text, vector)
            levels = signals(of[row.id], FIRST)
            for level, seen in levels.items():
                estimates = []
                for outcome in outcomes:
                    theta = abilities[outcome.path["generator"]]
                    base = float(model.logits(question, [theta], ["single"]).logit[0, 0])
                    unread = outcome.path["retrieval"] == "none"
                    shift = 0.0 if unread else _shift(outcome.path, {**seen, "ability": theta}, stages[place])
                    estimates.append(expit(UNREAD if unread else base + shift))
                prior[level].append(estimates)
            quality.append(own)
            cost.append([sum(w * o.facts.get(d, 0.0) for d, w in WEIGHTS.items()) for o in outcomes])
            number.append(place)
            known.append(levels)
    made = {level: np.array(rows) for level, rows in prior.items()}
    return Choices(
        "recordings", np.array(quality), np.array(cost), made, _features(known), number, shared
    )  # fmt: skip


def strategy_choices(
    table: OutcomeTable, searched: Sequence[Searched], estimated: Mapping[str, Floats], stages: Stages
) -> Choices:
    """Return the strategies of the public table, on questions that we have searched for.

    Args:
        table: Outcomes of the strategies.
        searched: Questions with retrievals.
        estimated: Estimates of the strategies from the question alone, out of fold, by question.
        stages: The parts of the prior; that of the context tells how often one retrieval misses something.
    """
    of = {each.id: each for each in searched}
    context = stages.shifts["context"]
    assert isinstance(context, ContextPrior)
    quality, known = [], []
    prior: dict[str, list[list[float]]] = {level: [] for level in LEVELS}
    for row in table.rows:
        if row.id not in of or row.text not in estimated:
            continue
        levels = signals(of[row.id], BY_WORDS)
        none, single, iterative = map(float, logit(estimated[row.text]))
        for level, seen in levels.items():
            missed = (1 - context.holds(Option("", {"chunks": SHOWN["short"]}), seen)) / (
                1 - context.reference
            )
            own = iterative if level == LEVELS[0] else single + (iterative - single) * min(1.0, missed)
            prior[level].append([expit(none), expit(single), expit(own)])
        quality.append([row.outcomes[name].quality for name in STRATEGIES])
        known.append(levels)
    made = {level: np.array(rows) for level, rows in prior.items()}
    scores = np.array(quality)
    zero = [0] * len(scores)
    return Choices(
        "adaptive_rag", scores, np.zeros_like(scores), made, _features(known), zero, list(STRATEGIES)
    )


def _shift(path: Mapping[str, str], seen: Mapping[str, float], stages: Stages) -> float:
    """Return the shifts of a path's retriever, context and prompt."""
    retriever, prompt = path["retriever"], path["prompt"]
    links = {"links": float("links" in FINDS[retriever])} if "enough" in seen else {}
    taken = {
        "retriever": Option(retriever, {"finds": FINDS[retriever]}),
        "context": Option(path["context"], {"chunks": SHOWN[path["context"]]}),
        "prompt": Option(prompt, {"prompt": prompt}),
    }
    return math.fsum(
        stages.shifts[stage].shifts([option], {**seen, **links}).logit[0] for stage, option in taken.items()
    )


def _features(known: Sequence[Mapping[str, Mapping[str, float]]]) -> dict[str, Floats]:
    """Return the features at each level, (n, d); a missing one is 0."""
    made = {}
    for level in LEVELS:
        names = sorted({name for each in known for name in each[level]})
        made[level] = np.array([[each[level].get(name, 0.0) for name in names] for each in known])
    return made

"""Learns the level of a user's documents from our own recordings."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dynamicrag.cost.profiles import load_profiles
from dynamicrag.features.literals import literals
from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable
from dynamicrag.lab.priors.context import RIGHT, SHOWN
from dynamicrag.lab.priors.searched import FINDS, Searched
from dynamicrag.predictors.checks import Floats
from dynamicrag.priors.shifts import StagePrior
from dynamicrag.types import Option

MODELS: Mapping[str, str] = {
    "small": "local:smollm2-135m-instruct",
    "medium": "local:qwen2.5-coder-0.5b-instruct",
    "large": "local:qwen2.5-coder-1.5b-instruct",
}
"""The models of our recordings by their name there."""
PROMPT = "direct"
"""The prompt whose answers count; it has no shift."""
STEPS = 50
"""Largest number of Newton's steps."""
Base = Callable[[str, float], float]
"""The logit of a single retrieval, from the text of a question and the ability of a model."""
CARD = """## Level of a user's documents

One number, added to the logit of every strategy that retrieves. The public tables are about an encyclopedia
and count exact matches. Learnt from the answers of our recordings after a single retrieval, right from a
token F1 of .5, so that their mean probability of being right is met, all sets alike. {level}

Known to fail: it moves all models alike, and three small models taught it. On our recordings the smallest one
(θ -.88) stays overestimated and the largest (θ .31) underestimated on the sample's documents.
"""
"""Section of the card."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The answers of a recording after a single retrieval, n of them.

    Attributes:
        logit: The prior's logit of each, without a level, (n,).
        right: Whether each is right, 0 or 1, (n,).
    """

    logit: Floats
    right: Floats


def expected(
    recorded: Sequence[OutcomeTable],
    searched: Sequence[Searched],
    parts: Mapping[str, StagePrior],
    base: Base,
) -> list[Expected]:
    """Return the prior's expectation of each recording, and its outcomes.

    Args:
        recorded: The recordings.
        searched: Questions with retrievals; those of the recordings are among them.
        parts: The parts of retriever and context.
        base: The logit of a single retrieval.
    """
    profiles = load_profiles()
    abilities = {name: profiles.of(spec, "in_process").ability for name, spec in MODELS.items()}
    of = {each.id: each for each in searched}
    made = []
    for table in recorded:
        logits, right = [], []
        for row in table.rows:
            each = of.get(row.id)
            for outcome in row.outcomes.values() if each is not None and row.answerable is not False else ():
                ability = abilities.get(outcome.path.get("generator", ""))
                quality = outcome.facts.get("f1", outcome.quality)
                if ability is None or each is None or not _counts(outcome) or math.isnan(quality):
                    continue
                shift = _shift(each, outcome.path, parts)
                logits.append(base(row.text, ability) + shift)
                right.append(float(quality >= RIGHT))
        if logits:
            made.append(Expected(np.array(logits), np.array(right)))
    return made


def learn_level(recordings: Sequence[Expected]) -> float:
    """Learn the level at which the mean probability of being right is that of the recordings, all alike."""
    level = 0.0
    for _ in range(STEPS):
        chances = [1.0 / (1.0 + np.exp(-(each.logit + level))) for each in recordings]
        gap = sum(float(np.mean(each.right - p)) for each, p in zip(recordings, chances, strict=True))
        slope = sum(float(np.mean(p * (1.0 - p))) for p in chances)
        level += max(-1.0, min(1.0, gap / max(slope, 1e-6)))
    return level


def _counts(outcome: Outcome) -> bool:
    path = outcome.path
    return (
        path.get("retrieval") == "single"
        and path.get("prompt", PROMPT) == PROMPT
        and path.get("retriever") in FINDS
        and path.get("context") in SHOWN
    )


def _shift(each: Searched, path: Mapping[str, str], parts: Mapping[str, StagePrior]) -> float:
    """Return the shifts of a path's retriever and context."""
    retriever, context = path["retriever"], path["context"]
    signals = {**each.signals(retriever), "literals": literals(each.text)}
    taken = {
        "retriever": Option(retriever, {"finds": FINDS[retriever]}),
        "context": Option(context, {"chunks": SHOWN[context]}),
    }
    return sum(parts[stage].shifts([option], signals).logit[0] for stage, option in taken.items())

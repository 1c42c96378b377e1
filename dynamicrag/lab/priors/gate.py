"""Judges whether the prior skips the documents where they are not needed, and only there."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dynamicrag.lab.priors.gate_questions import ALIKE, NEEDLESS
from dynamicrag.lab.priors.searched import corpus_of, read_set
from dynamicrag.lab.priors.sources import QUESTION_SETS
from dynamicrag.lab.questions import read_questions
from dynamicrag.policy.assembly import Pipeline, assemble
from dynamicrag.policy.file import load_policy
from dynamicrag.policy.objects import Objects
from dynamicrag.retrieval.embedder import Embedder
from dynamicrag.stages.ways import new_turn

ASKED = 200
"""Number of turns that are judged."""
LOOKED_UP = ("single", "multi", "unanswerable")
"""Types of the sample's questions that need documents."""
SAMPLE = "sample"
ALIKE_KIND = "look-ups in words of the others"
SKIPS = "none"
SEED = 0


@dataclass(frozen=True, slots=True)
class Turns:
    """Turns of one kind, asked of one corpus.

    Attributes:
        kind: The kind.
        needs: Whether they need documents.
        corpus: Files or folder of the corpus.
        texts: The turns.
    """

    kind: str
    needs: bool
    corpus: Path
    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Skips:
    """The decisions on turns of one kind.

    Attributes:
        kind: The kind.
        needs: Whether they need documents.
        asked: Number of turns.
        skipped: Number of turns that were decided to be answered without documents.
        wrong: The turns that were decided wrongly.
    """

    kind: str
    needs: bool
    asked: int
    skipped: int
    wrong: Sequence[str]


def turns(questions: Path, project: Path) -> list[Turns]:
    """Return the turns: those of the package, and look-ups drawn by a fixed seed up to :data:`ASKED`.

    Args:
        questions: Folder of the public question sets.
        project: Folder of this project, with its sample corpus and questions.

    Raises:
        InputError: A question set is missing or damaged.
    """
    corpus = project / "examples" / "corpus"
    made = [Turns(kind, False, corpus, texts) for kind, texts in NEEDLESS.items()]
    made.append(Turns(ALIKE_KIND, True, corpus, ALIKE))
    sample = read_questions(project / "examples" / "questions.jsonl")
    sets = {SAMPLE: (corpus, [each.text for each in sample if each.type in LOOKED_UP])} | {
        name: (corpus_of(questions, name), [each.text for each in read_set(questions, name)])
        for name in QUESTION_SETS
    }
    rng, left = np.random.default_rng(SEED), ASKED - sum(len(each.texts) for each in made)
    for number, (name, (path, texts)) in enumerate(sets.items()):
        count = min(len(texts), round(left / (len(sets) - number)))
        drawn = rng.choice(len(texts), count, replace=False)
        made.append(Turns(name, True, path, [texts[place] for place in sorted(drawn)]))
        left -= count
    return made


def pipeline_of(corpus: Path, embedder: Embedder) -> Pipeline:
    """Return a pipeline in which the prior decides; no model is called to decide, and nothing is stored."""
    policy = {
        "version": 1,
        "runs": {"keep": 0},
        "host": {"meter": "none"},
        "models": {"small": {"model": "openai:gpt-4o-mini"}, "large": {"model": "openai:gpt-4o"}},
        "helper": "small",
        "corpora": {"docs": {"path": str(corpus)}},
        "objective": {"weights": {"usd": 5, "joules": 0.00005}},  # as 'balanced' has them for OpenAI's models
        "stages": {
            "retrieval": {"options": [SKIPS, "single", "iterative"], "router": "prior"},
            "retriever": {"options": {"lexical": {"bm25": {}}}},
            "context": {"options": {"adaptive": {"adaptive": True, "chunks": 12}}},
            "generator": {"options": ["small", "large"], "router": "prior"},
        },
    }
    return assemble(load_policy(policy), objects=Objects(embedder=embedder))


def gate(asked: Sequence[Turns], pipelines: Mapping[Path, Pipeline]) -> list[Skips]:
    """Return the decisions at ``retrieval`` on turns, each the first of its conversation.

    Args:
        asked: The turns.
        pipelines: A pipeline for each of their corpora; see :func:`pipeline_of`.
    """
    return asyncio.run(_gate(asked, pipelines))


async def _gate(asked: Sequence[Turns], pipelines: Mapping[Path, Pipeline]) -> list[Skips]:
    made = []
    for each in asked:
        skipped = [await _skips(pipelines[each.corpus], text) for text in each.texts]
        wrong = [text for text, skips in zip(each.texts, skipped, strict=True) if skips == each.needs]
        made.append(Skips(each.kind, each.needs, len(skipped), sum(skipped), wrong))
    return made


async def _skips(pipeline: Pipeline, text: str) -> bool:
    decision = await pipeline.decider.decide(pipeline.stages["retrieval"], new_turn("gate", text))
    return decision["chosen"] == SKIPS

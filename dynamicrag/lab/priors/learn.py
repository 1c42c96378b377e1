"""Learns every part of the prior."""

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from dynamicrag.lab.priors.directions import learn_directions
from dynamicrag.lab.priors.food import Places, read_food
from dynamicrag.lab.priors.generation import learn_generation
from dynamicrag.lab.priors.stages import learn_stages
from dynamicrag.lab.priors.tables import Tables, grid
from dynamicrag.priors.directions import Directions
from dynamicrag.priors.knowledge import Knowledge
from dynamicrag.priors.stages import Stages, shipped_stages
from dynamicrag.retrieval.embedder import Embedder


@dataclass(frozen=True, slots=True)
class Learnt:
    """All parts of the prior.

    Attributes:
        knowledge: Generator and retrieval.
        stages: The stages around the generator.
        directions: The directions of question embeddings.
        recordings: The recordings learnt from, in a few words.
    """

    knowledge: Knowledge
    stages: Stages
    directions: Directions
    recordings: str


def learn(tables: Tables, places: Places, embedder: Embedder) -> Learnt:
    """Learn all parts; the same data and indexes of embeddings give the same coefficients.

    Raises:
        InputError: A public source or a file of the project is missing, or cannot be used.
    """
    food = read_food(places, tables, embedder)
    knowledge = learn_knowledge(tables)
    stages = learn_stages(food, shipped_stages(), tables.progress)
    answers = sum(len(row.outcomes) for table in food.recorded for row in table.rows)
    rows = sum(len(table) for table in food.recorded)
    kept = "no recordings: verification, prompt and the worth of a context are those learnt before"
    recordings = f"recordings of {answers:,} answers to {rows:,} questions" if rows else kept
    return Learnt(knowledge, stages, learn_directions(tables), recordings)


def learn_knowledge(tables: Tables, without: Collection[str] = ()) -> Knowledge:
    """Learn generator and retrieval from the public tables.

    Args:
        tables: The tables.
        without: Questions whose outcomes are left out. Without any outcome the model is its own prior: a
            stronger model is better, by the same amount on every question.

    Raises:
        InputError: A table is missing, or cannot be used.
    """
    answers = grid(tables)
    hidden = np.isin(answers.questions, list(without))
    quality = np.where(hidden[:, None, None], np.nan, answers.quality)
    answers = replace(answers, quality=quality)
    vectors = tables.vectors(answers.questions)
    tables.progress("fit generator and retrieval, with embeddings")
    by_embedding = learn_generation(answers, vectors, tables.embedder)
    tables.progress("fit generator and retrieval, from lexical features")
    by_words = learn_generation(answers, None)
    return Knowledge(generation_embedding=by_embedding, generation_lexical=by_words)

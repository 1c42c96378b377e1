"""Learns every part of the prior."""

from dynamicrag.lab.priors.generation import learn_generation
from dynamicrag.lab.priors.tables import Tables, grid
from dynamicrag.priors.knowledge import Knowledge


def learn(tables: Tables) -> Knowledge:
    """Learn all parts from the public tables; the same tables give the same arrays.

    Raises:
        InputError: A table is missing, or cannot be used.
    """
    answers = grid(tables)
    vectors = tables.vectors(answers.questions)
    tables.progress("fit generator and retrieval, with embeddings")
    by_embedding = learn_generation(answers, vectors, tables.embedder)
    tables.progress("fit generator and retrieval, from lexical features")
    by_words = learn_generation(answers, None)
    return Knowledge(generation_embedding=by_embedding, generation_lexical=by_words)

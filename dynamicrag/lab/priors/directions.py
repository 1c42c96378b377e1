"""Learns directions of question embeddings from the questions of public tables; no outcome is read."""

from dynamicrag.lab.priors.sources import DIRECTED
from dynamicrag.lab.priors.tables import Tables
from dynamicrag.priors.directions import Directions

CARD = """## Directions of embeddings

`directions.npz` projects a question's embedding on 64 principal directions, for learners that start from few
rewards. They are those of the questions of strategy_x_llm_dev_500, routellm_mmlu and routellm_gsm8k, each
table with the same weight; no outcome was read. Explained variance of quality, held out, of a ridge
regression (λ = 10, rows of length 1) on two thirds of the rows, with all 384 dimensions, with these 64, and
with 64 random ones: strategy_x_llm_dev_500 .064, .051, .032; routellm_mmlu .093, .082, .047. On tables whose
questions were not read: adaptive_rag .071, .056, .041; routerbench_11llm .073, .072, .069; bbh_prompting
.156, .121, .126. So beyond questions of these kinds they are no better than random ones. For other embedding
models the projection is random.
"""


def learn_directions(tables: Tables) -> Directions:
    """Learn the directions; the same tables give the same ones.

    Raises:
        InputError: A table is missing, or cannot be read.
    """
    questions = [[row.text for row in tables.read(source).rows] for source in DIRECTED]
    return Directions.fit([tables.vectors(each) for each in questions], tables.embedder)

"""The card of the shipped prior: data, licences, date, measurements and limits."""

from collections.abc import Sequence

from dynamicrag.lab.priors import context, directions, generation, prompt, retriever, stages, verification
from dynamicrag.lab.priors.sources import SOURCES, SUBJECTS

SECTIONS: Sequence[str] = (
    generation.CARD, retriever.CARD, context.CARD, prompt.CARD, verification.CARD, stages.CARD,
    directions.CARD,
)  # fmt: skip
"""The section of each part."""
HEAD = """# Card of the prior

`prior.npz` ({size:,} bytes) holds arrays and JSON, no code; `stages.json` holds the coefficients of the other
stages, to be read; `directions.npz` holds directions of embeddings. One command makes them. The same tables
give the same bytes of `prior.npz`; in `stages.json` the third digit may differ, because the index of
embeddings is approximate:

    python -m dynamicrag.lab.priors --data DIR --out DIR --recordings FILE --recordings FILE …

Learnt on {date}, with {recordings}.
"""
LANGUAGE = """
Our own data are the retrievals of this package on the two question sets, on the sample corpus's questions
and on paraphrases of them, and recordings of three small local models (0.1 to 1.5 billion parameters) on
some of these questions. HotpotQA (CC BY-SA 4.0) and 2WikiMultihopQA (Apache-2.0) are behind the samples of
AdaRAGUE (MIT). No text of them is in the package; a few coefficients derive from what was found and
answered.

All questions in the tables are English. The estimate for a question in another language, of an unusual
length, or about another kind of task shrinks to the mean question's, and its spread grows.
"""


def card(date: str, size: int, recordings: str) -> str:
    """Return the card.

    Args:
        date: Day of the training, ``YYYY-MM-DD``.
        size: Bytes of the arrays' file.
        recordings: The recordings in a few words.
    """
    tables = [
        "| table | authors | licence | content | use |",
        "|---|---|---|---|---|",
        *(
            f"| {s.file.removesuffix('.jsonl.gz')} | {s.origin} | {s.licence} | {s.content} | "
            f"{'learnt from' if s.learnt else 'judged on'} |"
            for s in SOURCES
        ),
    ]
    models = [
        "| model | MMLU | ability | source | date |",
        "|---|---|---|---|---|",
        *(
            f"| {s.model} | {s.score:.3f} | {s.theta:.2f} | {s.source} | {s.date} |"
            for s in SUBJECTS.values()
        ),
    ]
    parts = [
        HEAD.format(date=date, size=size, recordings=recordings),
        "## Data\n\n" + "\n".join(tables) + "\n" + LANGUAGE,
        "## Models in the tables\n\n" + "\n".join(models) + "\n",
        *SECTIONS,
    ]
    return "\n".join(part.strip() + "\n" for part in parts)

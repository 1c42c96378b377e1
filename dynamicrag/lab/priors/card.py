"""The card of the shipped prior: data, licences, date, measurements and limits."""

from collections.abc import Sequence

from dynamicrag.lab.priors import generation
from dynamicrag.lab.priors.sources import SOURCES, SUBJECTS

SECTIONS: Sequence[str] = (generation.CARD,)
"""The section of each part."""
HEAD = """# Card of the prior

`prior.npz` holds arrays and JSON, no code. `python -m dynamicrag.lab.priors --data DIR --out DIR` makes it
from the tables below; the same tables give the same bytes. Learnt on {date}, {size:,} bytes.
"""
LANGUAGE = """
All questions in the tables are English. The estimate for a question in another language, of an unusual
length, or about another kind of task shrinks to the mean question's, and its spread grows.
"""


def card(date: str, size: int) -> str:
    """Return the card.

    Args:
        date: Day of the training, ``YYYY-MM-DD``.
        size: Bytes of the arrays' file.
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
        HEAD.format(date=date, size=size),
        "## Data\n\n" + "\n".join(tables) + "\n" + LANGUAGE,
        "## Models in the tables\n\n" + "\n".join(models) + "\n",
        *SECTIONS,
    ]
    return "\n".join(part.strip() + "\n" for part in parts)

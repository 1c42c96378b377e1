"""The tables of the report's section on feedback."""

from dynamicrag.lab.report.feedback import FeedbackSummary, Scores
from dynamicrag.lab.view.amounts import cut
from dynamicrag.lab.view.page import Column, Table

_NAME = 32


def sources(summary: FeedbackSummary) -> Table:
    """Return the amounts by source."""
    rows = [
        [cut(name, _NAME), f"{own.queries:,}", f"{own.scores:,}", f"{own.preferences:,}"]
        for name, own in summary.sources.items()
    ]
    return Table([Column("source"), Column("queries"), Column("scores"), Column("preferences")], rows)


def scores(first: str, means: Scores) -> Table:
    """Return mean scores of answers, a column for each source.

    Args:
        first: Title of the first column.
        means: Scores by the name in the first column and by source.
    """
    names = sorted({source for own in means.values() for source in own})
    rows = [
        [
            cut(name, _NAME),
            *(f"{own[each].mean:.2f} ({own[each].number:,})" if each in own else "–" for each in names),
        ]
        for name, own in means.items()
    ]
    return Table([Column(first), *(Column(cut(each, _NAME)) for each in names)], rows)

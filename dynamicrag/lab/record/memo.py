"""Retrievals done once per question and retriever, and paid for by every path that uses them.

What a path takes from memory it is charged at what finding it cost the first time; else the path that
is recorded first would look dear, and all others cheap.
"""

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass

from dynamicrag.call_options import NO_FILTER, Filter, distinct
from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.line import Line
from dynamicrag.cost.vector import Cost
from dynamicrag.retrieval.base import RetrievalContext, Retrieved, Retriever
from dynamicrag.types import Passage, Usage


@dataclass(eq=False, slots=True)
class Found:
    """What one retrieval found, and the line on the account of the query that paid for it."""

    passages: list[Passage]
    line: Line | None = None


searches: ContextVar[list[Found]] = ContextVar("dynamicrag_recorded_searches")
"""The retrievals of the question under way, in order."""


class Remembering(Retriever):
    """A retriever that looks nothing up twice.

    Args:
        retriever: The retriever, bound already.
    """

    def __init__(self, retriever: Retriever) -> None:
        self.inner = retriever
        self.sources = retriever.sources
        self._known: dict[object, Found] = {}

    def bind(self, context: RetrievalContext) -> None:
        """See the base class."""
        self.inner.bind(context)

    async def retrieve(self, query: str, k: int, filter: Filter = NO_FILTER) -> Retrieved:  # noqa: A002
        """Find passages, or remember them at no usage."""
        key = (query, k, distinct(filter))
        found, usage = self._known.get(key), Usage()
        if found is None:
            for corpus in self.sources:
                corpus.embedder.forget()  # or the second retriever of a question had its vector for free
            fresh = await self.inner.retrieve(query, k, filter)
            found, usage = Found(fresh.passages), fresh.usage
            self._known[key] = found
        searches.get().append(found)
        return Retrieved(list(found.passages), usage)


def owed(ledger: Ledger, found: Sequence[Found], lines: Sequence[Line]) -> tuple[Cost, Usage]:
    """Return what a query took from memory and has yet to be charged.

    Args:
        ledger: The account.
        found: The query's retrievals, in order.
        lines: The lines that they have on its account, in the same order.
    """
    cost, usage = Cost(), Usage()
    for item, line in zip(found, lines, strict=False):  # a search that failed has a line, and found nothing
        if item.line is None:
            item.line = line
        elif item.line.query_id != line.query_id:
            cost += ledger.line_cost(item.line)
            usage += item.line.usage
    return cost, usage

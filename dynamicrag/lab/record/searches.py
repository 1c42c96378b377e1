"""Retrieval is done once per question and retriever, and charged to every path that uses it.

A path that takes passages from memory is charged what finding them cost the first time. Otherwise the first
path recorded would look expensive, and all others cheap.
"""

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass

from dynamicrag.call_options import NO_FILTER, Filter, distinct
from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.line import Line
from dynamicrag.cost.vector import Cost
from dynamicrag.records import Passage
from dynamicrag.retrieval.base import RetrievalContext, Retrieved, Retriever
from dynamicrag.types import Usage


@dataclass(eq=False, slots=True)
class Search:
    """The passages of one retrieval, and the line of the account that paid for it."""

    passages: list[Passage]
    line: Line | None = None


searches: ContextVar[list[Search]] = ContextVar("dynamicrag_recorded_searches")
"""The retrievals of the current question, in order."""


class CachedRetriever(Retriever):
    """A retriever that looks nothing up twice.

    Args:
        retriever: The retriever, already bound.
    """

    def __init__(self, retriever: Retriever) -> None:
        self.inner = retriever
        self.sources = retriever.sources
        self._known: dict[object, Search] = {}

    def bind(self, context: RetrievalContext) -> None:
        """See the base class."""
        self.inner.bind(context)

    async def retrieve(self, query: str, k: int, filter: Filter = NO_FILTER) -> Retrieved:  # noqa: A002
        """Find passages, or return those found before with no usage."""
        key = (query, k, distinct(filter))
        search, usage = self._known.get(key), Usage()
        if search is None:
            for corpus in self.sources:
                corpus.embedder.forget()  # otherwise a question's second retriever gets its vector for free
            found = await self.inner.retrieve(query, k, filter)
            search, usage = Search(found.passages), found.usage
            self._known[key] = search
        searches.get().append(search)
        return Retrieved(list(search.passages), usage)


def uncharged(ledger: Ledger, used: Sequence[Search], lines: Sequence[Line]) -> tuple[Cost, Usage]:
    """Return the usage that a query took from memory; its account does not hold it yet.

    Args:
        ledger: The account.
        used: The query's retrievals, in order.
        lines: Their lines on its account, in the same order.
    """
    cost, usage = Cost(), Usage()
    for search, line in zip(used, lines, strict=False):  # a search that failed has a line, but found nothing
        if search.line is None:
            search.line = line
        elif search.line.query_id != line.query_id:
            cost += ledger.line_cost(search.line)
            usage += search.line.usage
    return cost, usage

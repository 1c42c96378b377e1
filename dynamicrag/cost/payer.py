"""The query that pays for other queries: an agent's task pays for the queries within its tools.

A query within a tool keeps its own account. Its calls are also on the payer's account, and the payer's limits
hold for all of them together.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from dynamicrag.cost.line import Line


@dataclass(frozen=True, slots=True, eq=False)
class Payer:
    """A query that pays for others.

    Attributes:
        ledger: The ledger that has its account.
        query_id: Its id.
        lines: The calls of other queries that it pays for, in the order in which they began.
    """

    ledger: object
    query_id: str
    lines: list[Line] = field(default_factory=list)


_payer: ContextVar[Payer | None] = ContextVar("dynamicrag_payer", default=None)


def payer_in(ledger: object) -> Payer | None:
    """Return the query that pays for all calls in this context, on the given ledger."""
    payer = _payer.get()
    return payer if payer is not None and payer.ledger is ledger else None


@contextmanager
def paying(payer: Payer) -> Iterator[None]:
    """Make a query pay for all calls in this context."""
    token = _payer.set(payer)
    try:
        yield
    finally:
        _payer.reset(token)

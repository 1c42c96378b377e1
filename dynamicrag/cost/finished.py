"""A query whose books are to be closed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dynamicrag.store.logged import LoggedQuery

__all__ = ["Finished"]


@dataclass(frozen=True, slots=True)
class Finished:
    """A query that was answered or that failed, or the first part of a query that goes on.

    Attributes:
        query_id: Its id.
        question: Its text.
        facts: Further facts for its record.
        goes_on: Whether further calls may follow: it may also end here without a word.
        entry: Makes its entry in the decision log, unless that is committed already.
        user: Name of the user, for that entry.
        paid: Whether another query pays for it and has its calls, so that its account is not stored.
    """

    query_id: str
    question: str
    facts: Mapping[str, Any]
    goes_on: bool = False
    entry: "Callable[[], LoggedQuery] | None" = None
    user: str = ""
    paid: bool = False

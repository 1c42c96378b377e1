"""The owner of a query: with API keys, callers see and rate only their own queries."""

from dynamicrag.graph.rag import DynamicRAG
from dynamicrag.serve.errors import Refused
from dynamicrag.serve.keys import Caller
from dynamicrag.serve.question import KEY_TAG

__all__ = ["check_owner", "unknown_query"]


def check_owner(rag: DynamicRAG, query_id: str, caller: Caller) -> None:
    """Refuse a query of another key, as if it did not exist. May block.

    Every query of a key has a tag with its name, which callers cannot set.

    Raises:
        Refused: The query is not the caller's.
    """
    if not caller.name:
        return
    books = rag.pipeline.bookkeeper
    logged = books.logged(query_id)
    tags = logged.tags if logged is not None else books.kept(query_id).get("tags", ())
    if f"{KEY_TAG}{caller.name}" not in tags:
        raise unknown_query(query_id)


def unknown_query(query_id: str) -> Refused:
    """Return the refusal of a query that the caller does not have."""
    return Refused(404, f"The query `{query_id[:100]}` does not exist.", code="query_not_found")

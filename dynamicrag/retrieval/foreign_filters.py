"""A filter in the words of other libraries, where a retriever is known to take one.

It only spares a search what would be dropped anyhow: whatever a foreign retriever returns is checked by its
metadata afterwards. A filter that the retriever was made with stays in force.
"""

import copy
from collections.abc import Callable
from typing import Any

from dynamicrag.call_options import Filter, matcher


def _by_document(wanted: Filter) -> Any:
    passes = matcher(wanted)
    return lambda document: passes(document.metadata)


def _by_metadata(wanted: Filter) -> Any:
    return matcher(wanted)


def _by_operators(wanted: Filter) -> Any:
    clauses = [{name: {"$in": list(values)}} for name, values in wanted.items()]
    return clauses[0] if len(clauses) == 1 else {"$and": clauses}


STORES: dict[str, Callable[[Filter], Any]] = {
    "InMemoryVectorStore": _by_document,
    "FAISS": _by_metadata,
    "Chroma": _by_operators,
}
"""What LangChain's vector stores take as ``filter``, by the name of their class."""


def langchain_arguments(retriever: Any, wanted: Filter) -> dict[str, Any]:
    """Return the arguments with which a LangChain retriever filters by itself; none where that is not known.

    Args:
        retriever: A ``BaseRetriever``, or a vector store; these take a filter.
        wanted: The filter.
    """
    store = getattr(retriever, "vectorstore", retriever)
    if "filter" in (getattr(retriever, "search_kwargs", None) or {}):
        return {}
    names = [base.__name__ for base in type(store).__mro__]
    shape = next((STORES[name] for name in names if name in STORES), None)
    return {} if shape is None else {"filter": shape(wanted)}


def llama_index_filtered(retriever: Any, wanted: Filter) -> Any:
    """Return a LlamaIndex retriever that filters by itself, if it knows how; the given one is not changed.

    Args:
        retriever: A ``BaseRetriever``; those of vector stores have ``MetadataFilters``.
        wanted: The filter.
    """
    if not hasattr(retriever, "_filters"):
        return retriever
    from llama_index.core.vector_stores import types

    own = retriever._filters
    if own is not None and own.condition is not types.FilterCondition.AND:
        return retriever  # most stores take no filter within a filter
    clauses: list[Any] = [
        types.MetadataFilter(key=name, value=list(values), operator=types.FilterOperator.IN)
        for name, values in wanted.items()
    ]
    filtered = copy.copy(retriever)
    filtered._filters = types.MetadataFilters(filters=[*(own.filters if own else ()), *clauses])
    return filtered

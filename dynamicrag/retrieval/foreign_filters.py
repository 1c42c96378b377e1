"""Translates a filter for other libraries' retrievers that accept one.

This only saves work: every result of a foreign retriever is checked by its metadata afterwards. A filter set
on the retriever stays in force.
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
"""The ``filter`` argument of LangChain's vector stores, by class name."""


def langchain_arguments(retriever: Any, wanted: Filter) -> dict[str, Any]:
    """Return the filter arguments of a LangChain ``BaseRetriever`` or vector store; none if unknown."""
    store = getattr(retriever, "vectorstore", retriever)
    if "filter" in (getattr(retriever, "search_kwargs", None) or {}):
        return {}
    names = [base.__name__ for base in type(store).__mro__]
    shape = next((STORES[name] for name in names if name in STORES), None)
    return {} if shape is None else {"filter": shape(wanted)}


def llama_index_filtered(retriever: Any, wanted: Filter) -> Any:
    """Return a copy of a LlamaIndex ``BaseRetriever`` with the filter, or itself if it has no filters."""
    if not hasattr(retriever, "_filters"):
        return retriever
    from llama_index.core.vector_stores import types

    own = retriever._filters
    if own is not None and own.condition is not types.FilterCondition.AND:
        return retriever  # most stores accept no nested filter
    clauses: list[Any] = [
        types.MetadataFilter(key=name, value=list(values), operator=types.FilterOperator.IN)
        for name, values in wanted.items()
    ]
    filtered = copy.copy(retriever)
    filtered._filters = types.MetadataFilters(filters=[*(own.filters if own else ()), *clauses])
    return filtered

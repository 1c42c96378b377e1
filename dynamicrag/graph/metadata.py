"""The metadata of a run, ``config["metadata"]``, as routers see it."""

from collections.abc import Mapping
from typing import Any

from dynamicrag.call_options import Value

__all__ = ["run_metadata"]

OWN = ("langgraph_", "checkpoint_", "__")
"""Beginnings of the names that LangGraph adds."""


def run_metadata(config: Mapping[str, Any] | None) -> dict[str, Value]:
    """Return the single values of a run's metadata, without LangGraph's own."""
    given = (config or {}).get("metadata") or {}
    return {
        name: value
        for name, value in given.items()
        if isinstance(value, str | int | float) and not name.startswith(OWN)
    }

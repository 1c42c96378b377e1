"""What can be read from a graph's state, wherever the graph keeps it."""

from collections.abc import Mapping
from typing import Any


def part(state: Mapping[str, Any], key: str) -> Any:
    """Return ``turn``, ``decisions`` or ``report``, from the state or from its channel ``rag``."""
    for holder in (state, state.get("rag")):
        if isinstance(holder, Mapping) and holder.get(key):
            return holder[key]
    return {}

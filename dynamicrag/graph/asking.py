"""Whether a graph can ask for more budget: its interrupt needs a checkpointer to continue from."""

import logging
from collections.abc import Mapping
from typing import Any

from langgraph.constants import CONFIG_KEY_CHECKPOINTER

from dynamicrag.graph.policies import Policies
from dynamicrag.policy.assembly import Pipeline

__all__ = ["can_ask", "warn"]

_log = logging.getLogger(__name__)

BARE = (
    "the graph has no checkpointer to continue from after an interrupt; compile it with one: "
    "rag.build_graph().compile(checkpointer=...); rag.as_tool has none, so in an agent with a checkpointer "
    "write a tool of your own that calls the compiled graph"
)
SINGLE = "single nodes cannot ask, because that takes a node of its own; use rag.build_graph() as a subgraph"


def can_ask(config: Mapping[str, Any] | None, *, whole: bool) -> bool:
    """Return whether the graph of a node can ask.

    Args:
        config: The node's config, in which LangGraph puts the checkpointer, also that of a parent graph.
        whole: Whether the node belongs to our whole graph.
    """
    return whole and bool(((config or {}).get("configurable") or {}).get(CONFIG_KEY_CHECKPOINTER))


def warn(policies: Policies, pipeline: Pipeline, *, whole: bool) -> None:
    """Warn, once for all policies of an object, that budget lacks and the graph of a node cannot ask.

    Args:
        policies: The policies.
        pipeline: The policy that lacks budget. Recordings of given paths never ask, so they get no warning.
        whole: As for :func:`can_ask`.
    """
    if not policies.warned and pipeline.logs:
        policies.warned = True
        place = pipeline.policy.where("objective", "budget", "exhausted")
        _log.warning("%s: 'ask' acts as 'error' here: %s", place, BARE if whole else SINGLE)

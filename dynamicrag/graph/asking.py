"""Whether a graph can ask for more budget: its interrupt needs a checkpointer to continue from."""

import logging
import threading
from collections.abc import Mapping
from typing import Any

from langgraph.constants import CONFIG_KEY_CHECKPOINTER

from dynamicrag.policy.assembly import Pipeline

_log = logging.getLogger(__name__)

BARE = (
    "the graph has no checkpointer to continue from after an interrupt; compile it with one: "
    "rag.build_graph().compile(checkpointer=...); rag.as_tool has none, so in an agent with a checkpointer "
    "write a tool of your own that calls the compiled graph"
)
SINGLE = "single nodes cannot ask, because that takes a node of its own; use rag.build_graph() as a subgraph"


class Asking:
    """Decides whether a node's graph can ask for more budget, and warns once if budget lacks and it cannot.

    Args:
        live: Whether queries are of users. Recordings of given paths never ask.
    """

    def __init__(self, *, live: bool) -> None:
        self._live = live
        self._lock = threading.Lock()
        self._warned = False

    def possible(self, config: Mapping[str, Any] | None, *, whole: bool) -> bool:
        """Return whether the graph can ask.

        Args:
            config: The node's config, in which LangGraph puts the checkpointer, also that of a parent graph.
            whole: Whether the node belongs to our whole graph.
        """
        if not self._live:
            return False
        saver = ((config or {}).get("configurable") or {}).get(CONFIG_KEY_CHECKPOINTER)
        return bool(whole and saver)

    def lacked(self, pipeline: Pipeline, config: Mapping[str, Any] | None, *, whole: bool) -> None:
        """Warn once that budget lacks and the graph cannot ask.

        Args:
            pipeline: The policy, for the message.
            config: As for :meth:`possible`.
            whole: As for :meth:`possible`.
        """
        if not self._live or self.possible(config, whole=whole):
            return
        with self._lock:
            warned, self._warned = self._warned, True
        if not warned:
            place = pipeline.policy.where("objective", "budget", "exhausted")
            _log.warning("%s: 'ask' acts as 'error' here: %s", place, BARE if whole else SINGLE)

"""The log record of a finished query, written once the meter has covered it.

The logger is ``dynamicrag.queries``, the level INFO. The record's attributes are plain JSON: ``query_id``,
``policy``, ``thread_id``, ``path``, ``escalations``, ``abstained``, ``error`` (the exception's type),
``waiting`` (for more budget), ``replaced`` (an agent's task, by another question), each dimension of the
cost, and ``provisional``. It has no text of the query.
"""

import logging
from collections.abc import Mapping
from typing import Any

from dynamicrag.cost.vector import Cost

__all__ = ["log_finished"]

FACTS = ("policy", "path", "escalations", "abstained", "error", "waiting", "replaced")
ENDS = {"error": "failed", "waiting": "waits for more budget", "replaced": "was replaced"}

_log = logging.getLogger("dynamicrag.queries")


def log_finished(query_id: str, facts: Mapping[str, Any], cost: Cost, *, provisional: bool) -> None:
    """Write the record of a query, with the facts that belong there; an unknown amount is ``None``."""
    if not _log.isEnabledFor(logging.INFO):
        return
    about = {name: facts[name] for name in FACTS if name in facts}
    about["thread_id"] = facts.get("thread") or None
    amounts = {dimension: figure["value"] for dimension, figure in cost.figures().items()}
    joules = amounts.get("joules")
    end = next((words for fact, words in ENDS.items() if fact in facts), "finished")
    _log.info(
        "query %s %s: %s J",
        query_id,
        end,
        "unknown" if joules is None else f"{joules:.3g}",
        extra={"query_id": query_id, **about, **amounts, "provisional": provisional},
    )

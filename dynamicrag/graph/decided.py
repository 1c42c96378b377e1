"""Shows decisions, as they are made, in the stream, the trace, the log and LangChain's run tree.

A record of the logger ``dynamicrag.decisions``, level DEBUG, has the fields of a decision as attributes.
"""

import logging
from typing import TYPE_CHECKING, Any

from dynamicrag import traces
from dynamicrag.cost.call_span import figure_attributes
from dynamicrag.stages.base import Emit

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

__all__ = ["shown"]

FALLBACK = "fallback"
"""Router of a decision after a failure, whose reason quotes the failure."""

_log = logging.getLogger("dynamicrag.decisions")


def shown(emit: Emit, query_id: str, config: "RunnableConfig | None") -> Emit:
    """Return a function that sends an event to the stream, and shows it everywhere else."""

    def show(event: dict[str, Any]) -> None:
        emit(event)
        if event["type"] == "decision":
            _show_decision(event, query_id, config)
        elif event["type"] == "report":
            traces.note(lambda: _of_report(event))

    return show


def _show_decision(decision: dict[str, Any], query_id: str, config: "RunnableConfig | None") -> None:
    stage, router, reason = decision["stage"], decision["router"], decision["reason"]
    quiet = reason.partition(":")[0] if router == FALLBACK and not traces.content() else reason
    if _log.isEnabledFor(logging.DEBUG):
        about = {
            "query_id": query_id,
            "stage": stage,
            "option": decision["chosen"],
            "reason": quiet,
            "router": router,
            "propensity": decision["propensity"],
            "binding": decision["binding"],
        }
        _log.debug("query %s: %s is %s: %s", query_id, stage, decision["chosen"], quiet, extra=about)
    if traces.under_way():
        if router == FALLBACK:
            given = {"dynamicrag.option": decision["chosen"], "dynamicrag.reason": quiet}
            traces.event("dynamicrag.fallback", given)
        if decision.get("plan"):
            traces.event("dynamicrag.plan", {"dynamicrag.plan": _pairs(decision["plan"])})
        traces.note(lambda: {**_of_decision(decision), "dynamicrag.reason": quiet})
    _annotate(config, decision, query_id)


def _of_decision(decision: dict[str, Any]) -> traces.Attributes:
    at = decision["options"].index(decision["chosen"])
    expected = decision["expected"][at]
    return {
        "dynamicrag.option": decision["chosen"],
        "dynamicrag.options": decision["options"],
        "dynamicrag.router": decision["router"],
        "dynamicrag.propensity": decision["propensity"],
        "dynamicrag.binding": decision["binding"],
        "dynamicrag.estimate": decision["quality"][at],
        **{f"dynamicrag.expected_{dimension}": amount for dimension, amount in expected.items()},
    }


def _of_report(report: dict[str, Any]) -> traces.Attributes:
    """Return the attributes of the root span."""
    return {
        **figure_attributes(report["cost"]),
        "dynamicrag.provisional": report["provisional"],
        "dynamicrag.path": _pairs(report["path"]),
        "dynamicrag.escalations": [f"{each['stage']}:{each['option']}" for each in report["escalations"]],
        "dynamicrag.abstained": report["abstained"],
        "dynamicrag.outside": report["outside"],
        "gen_ai.usage.input_tokens": report["tokens"]["input"],
        "gen_ai.usage.output_tokens": report["tokens"]["output"],
    }


def _pairs(path: dict[str, str]) -> list[str]:
    return [f"{stage}:{option}" for stage, option in path.items()]


def _annotate(config: "RunnableConfig | None", decision: dict[str, Any], query_id: str) -> None:
    """Add a decision to the metadata of the node's run, in every tracer of LangChain among the callbacks."""
    manager: Any = (config or {}).get("callbacks")
    run_id = getattr(manager, "parent_run_id", None)
    if run_id is None:
        return
    for handler in manager.handlers:
        run = getattr(handler, "run_map", {}).get(str(run_id))
        if run is not None:
            place = f"dynamicrag.{decision['stage']}"
            run.extra = {**(run.extra or {})}
            run.extra["metadata"] = {
                **(run.extra.get("metadata") or {}),
                "dynamicrag.query_id": query_id,
                f"{place}.option": decision["chosen"],
                f"{place}.reason": decision["reason"],
                f"{place}.router": decision["router"],
                f"{place}.propensity": decision["propensity"],
            }

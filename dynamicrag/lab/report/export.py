"""The report for machines: JSON, and a table of one row a query for a spreadsheet or a data frame."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.vector import KINDS
from dynamicrag.lab.report.figures import parts_of
from dynamicrag.lab.report.make import Report, iso
from dynamicrag.lab.report.quantities import quantities
from dynamicrag.lab.report.summary import stages_of
from dynamicrag.lab.report.turns import Turn
from dynamicrag.records import Figure
from dynamicrag.topology import TOPOLOGY

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def to_json(report: Report, turns: Sequence[Turn] = ()) -> dict[str, Any]:
    """Return a report as JSON types; every figure says its kind.

    Args:
        report: The report.
        turns: The selected queries.
    """
    found = report.as_json()
    since = report.selection.since
    found["selection"] |= {"since": iso(since) if since > 0 else None, "by": report.selection.by.value}
    return {**found, "queries": [_entry(turn) for turn in turns]}


def _entry(turn: Turn) -> dict[str, Any]:
    return {
        "id": turn.id,
        "at": _at(turn),
        "policy": turn.policy,
        "thread": turn.thread,
        "question_mark": turn.question_mark,
        "user": turn.user,
        "tags": list(turn.tags),
        "outcome": _outcome(turn),
        "provisional": turn.provisional,
        **{quantity.name: quantity.of(turn) for quantity in quantities().values()},
        "stages": {stage: cost["joules"] for stage, cost in turn.stages.items()},
        "path": turn.path,
        "escalations": turn.escalations,
    }


def to_csv(turns: Sequence[Turn]) -> str:
    """Return one row a query, with a header; joules and what follows from them are active unless named full.

    A text that a spreadsheet would run as a formula begins with an apostrophe.
    """
    stages = stages_of(turns)
    texts = [
        name for name in ("question", "answer") if any(getattr(turn, name) is not None for turn in turns)
    ]
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, _row(_NONE, stages, texts), lineterminator="\n")
    writer.writeheader()
    for turn in turns:
        writer.writerow({name: _harmless(value) for name, value in _row(turn, stages, texts).items()})
    return out.getvalue()


_NONE = Turn.model_construct(
    id="", at=0.0, policy="", thread="", process="", question_mark="", cost={}, full={}, stages={},
    wall_seconds=0.0, tokens={},
)  # fmt: skip
"""A query of nothing, whose row has the names of the columns."""


def _row(turn: Turn, stages: Sequence[str], texts: Sequence[str]) -> dict[str, Any]:
    parts = parts_of(turn.cost.get("joules", _UNCOUNTED))
    row = {
        "id": turn.id,
        "at": _at(turn),
        "policy": turn.policy,
        "thread": turn.thread,
        "user": turn.user,
        "tags": ", ".join(turn.tags),
        "process": turn.process,
        "question_mark": turn.question_mark,
        "outcome": _outcome(turn),
        "error": turn.error,
        "provisional": int(turn.provisional),
        **_bounded("joules", turn.cost),
        **{f"joules_{kind}": parts.get(kind, 0.0) for kind in KINDS},
        "joules_full": turn.full.get("joules", _UNCOUNTED)["value"],
    }
    for dimension, _ in DIMENSIONS.derived:
        row |= _bounded(dimension.name, turn.cost)
        row[f"{dimension.name}_full"] = turn.full.get(dimension.name, _UNCOUNTED)["value"]
    return {
        **row,
        "usd": turn.cost.get("usd", _UNCOUNTED)["value"],
        "usd_kind": turn.cost.get("usd", _UNCOUNTED)["kind"],
        "tokens_input": turn.tokens.get("input"),
        "tokens_output": turn.tokens.get("output"),
        "call_seconds": turn.cost.get("seconds", _UNCOUNTED)["value"],
        "wall_seconds": turn.wall_seconds,
        "first_token_seconds": turn.first_token_seconds,
        "failed_calls": turn.failed_calls,
        "escalations": " ".join(turn.escalations),
        **{stage: turn.path.get(stage) for stage in TOPOLOGY},
        **{f"joules_{s}": turn.stages[s]["joules"]["value"] if s in turn.stages else 0.0 for s in stages},
        **{name: getattr(turn, name) for name in texts},
    }


_UNCOUNTED = Figure(value=None, kind="")
"""A dimension that was not counted when the query was kept; its columns are empty."""


def _bounded(name: str, cost: Mapping[str, Figure]) -> dict[str, Any]:
    """Return the columns of a dimension with its kind and its bounds."""
    figure = cost.get(name, _UNCOUNTED)
    value = figure["value"]
    low, high = figure.get("low", value), figure.get("high", value)
    return {name: value, f"{name}_kind": figure["kind"], f"{name}_low": low, f"{name}_high": high}


def _at(turn: Turn) -> str:
    return turn.time.isoformat(timespec="milliseconds")


def _outcome(turn: Turn) -> str:
    if turn.failed:
        return "failed"
    if turn.waiting:
        return "waiting"
    if turn.replaced:
        return "replaced"
    return "abstained" if turn.abstained else "answered"


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value

"""The report for machines: JSON, and a table of one row a query for a spreadsheet or a data frame."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.vector import KINDS
from dynamicrag.lab.report.figures import parts_of
from dynamicrag.lab.report.make import Report, iso
from dynamicrag.lab.report.quantities import quantities
from dynamicrag.lab.report.summary import stages_of
from dynamicrag.lab.report.turns import Turn
from dynamicrag.topology import TOPOLOGY

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def to_json(report: Report, turns: Sequence[Turn] = ()) -> dict[str, Any]:
    """Return a report as JSON types; every figure says its kind.

    Args:
        report: The report.
        turns: The selected queries.
    """
    found = asdict(report)
    since = report.selection.since
    found["selection"] |= {"since": iso(since) if since > 0 else None, "by": report.selection.by.value}
    found["overall"] = _flat(found["overall"])
    for groups in ("policies", "groups"):
        found[groups] = {name: _flat(summary) for name, summary in found[groups].items()}
    return {**found, "queries": [_entry(turn) for turn in turns]}


def _flat(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return a summary with its costs beside its counts."""
    flat: dict[str, Any] = {}
    for key, value in summary.items():
        flat |= value if key == "costs" else {key: value}
    return flat


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
    columns = _columns(turns)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_harmless(read(turn)) for read in columns.values()] for turn in turns)
    return out.getvalue()


Column = Callable[[Turn], Any]


def _columns(turns: Sequence[Turn]) -> dict[str, Column]:
    columns: dict[str, Column] = {
        "id": lambda turn: turn.id,
        "at": _at,
        "policy": lambda turn: turn.policy,
        "thread": lambda turn: turn.thread,
        "user": lambda turn: turn.user,
        "tags": lambda turn: ", ".join(turn.tags),
        "process": lambda turn: turn.process,
        "question_mark": lambda turn: turn.question_mark,
        "outcome": _outcome,
        "error": lambda turn: turn.error,
        "provisional": lambda turn: int(turn.provisional),
        **_bounded("joules"),
        **{f"joules_{kind}": _part(kind) for kind in KINDS},
        "joules_full": lambda turn: turn.full["joules"]["value"],
    }
    for row, _ in DIMENSIONS.derived:
        columns |= _bounded(row.name) | {f"{row.name}_full": _entry_of(row.name, "value", full=True)}
    columns |= {
        "usd": lambda turn: turn.cost["usd"]["value"],
        "usd_kind": lambda turn: turn.cost["usd"]["kind"],
        "tokens_input": lambda turn: turn.tokens["input"],
        "tokens_output": lambda turn: turn.tokens["output"],
        "call_seconds": lambda turn: turn.cost["seconds"]["value"],
        "wall_seconds": lambda turn: turn.wall_seconds,
        "first_token_seconds": lambda turn: turn.first_token_seconds,
        "failed_calls": lambda turn: turn.failed_calls,
        "escalations": lambda turn: " ".join(turn.escalations),
        **{stage: _option(stage) for stage in TOPOLOGY},
        **{f"joules_{stage}": _joules_of(stage) for stage in stages_of(turns)},
    }
    if any(turn.question is not None for turn in turns):
        columns["question"] = lambda turn: turn.question
    if any(turn.answer is not None for turn in turns):
        columns["answer"] = lambda turn: turn.answer
    return columns


def _bounded(name: str) -> dict[str, Column]:
    """Return the columns of a dimension with its kind and its bounds."""
    return {
        name: _entry_of(name, "value"),
        f"{name}_kind": _entry_of(name, "kind"),
        f"{name}_low": _entry_of(name, "low"),
        f"{name}_high": _entry_of(name, "high"),
    }


def _entry_of(name: str, key: str, *, full: bool = False) -> Column:
    """Return an entry of a figure; its value where it has no bounds, empty where it was not counted yet."""

    def read(turn: Turn) -> Any:
        figure: Mapping[str, Any] = (turn.full if full else turn.cost).get(name) or {}
        return figure.get(key, figure.get("value"))

    return read


def _part(kind: str) -> Column:
    return lambda turn: parts_of(turn.cost["joules"]).get(kind, 0.0)


def _option(stage: str) -> Column:
    return lambda turn: turn.path.get(stage)


def _joules_of(stage: str) -> Column:
    return lambda turn: turn.stages[stage]["joules"]["value"] if stage in turn.stages else 0.0


def _at(turn: Turn) -> str:
    return turn.time.isoformat(timespec="milliseconds")


def _outcome(turn: Turn) -> str:
    if not turn.answered:
        return "failed"
    return "abstained" if turn.abstained else "answered"


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value

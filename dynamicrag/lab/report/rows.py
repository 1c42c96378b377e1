"""Kept queries as rows of a table, one a query, for a spreadsheet or a data frame."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.vector import KINDS
from dynamicrag.lab.report.figures import parts_of, quantities, stage_order
from dynamicrag.lab.report.records import Turn, answered
from dynamicrag.lab.report.selection import tags_of, user_of
from dynamicrag.topology import TOPOLOGY
from dynamicrag.types import Figure

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def to_csv(turns: Sequence[Turn]) -> str:
    """Return one row a query, with a header; joules and what follows from them are active unless named full.

    A text that a spreadsheet would run as a formula begins with an apostrophe.
    """
    stages = stage_order({stage for turn in turns for stage in turn["stages"]})
    texts = [key for key in ("question", "answer") if any(key in turn for turn in turns)]
    rows = [_row(turn, stages, texts) for turn in turns]
    header = list(_row(_EMPTY, stages, texts))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def entries(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """Return what the report shows of each query, with figures as ``{"value": ..., "kind": ...}``."""
    return [
        {
            "id": turn["id"],
            "at": _at(turn),
            **{key: turn[key] for key in ("policy", "thread", "question_mark")},
            "user": user_of(turn),
            "tags": tags_of(turn),
            "outcome": _outcome(turn),
            "provisional": bool(turn.get("provisional")),
            **{quantity.name: quantity.of(turn) for quantity in quantities().values()},
            "stages": {stage: cost["joules"] for stage, cost in turn["stages"].items()},
            "path": turn.get("path", {}),
            "escalations": turn.get("escalations", []),
        }
        for turn in turns
    ]


def _row(turn: Turn, stages: Sequence[str], texts: Sequence[str]) -> dict[str, Any]:
    cost, full, path = turn["cost"], turn["full"], turn.get("path", {})
    return {
        "id": _text(turn["id"]),
        "at": _at(turn),
        "policy": _text(turn["policy"]),
        "thread": _text(turn["thread"]),
        "user": _text(user_of(turn)),
        "tags": _text(", ".join(tags_of(turn))),
        "process": _text(turn["process"]),
        "question_mark": _text(turn["question_mark"]),
        "outcome": _outcome(turn),
        "error": _text(turn.get("error", "")),
        "provisional": int(bool(turn.get("provisional"))),
        **_columns("joules", cost["joules"]),
        **{f"joules_{kind}": parts_of(cost["joules"]).get(kind, 0.0) for kind in KINDS},
        "joules_full": full["joules"]["value"],
        **_derived(cost, full),
        "usd": cost["usd"]["value"],
        "usd_kind": cost["usd"]["kind"],
        "tokens_input": turn["tokens"]["input"],
        "tokens_output": turn["tokens"]["output"],
        "call_seconds": cost["seconds"]["value"],
        "wall_seconds": turn["wall_seconds"],
        "first_token_seconds": turn.get("first_token_seconds"),
        "failed_calls": turn.get("failed_calls", 0),
        "escalations": _text(" ".join(turn.get("escalations", ()))),
        **{stage: _text(path.get(stage, "")) for stage in TOPOLOGY},
        **{f"joules_{stage}": turn["stages"].get(stage, _NOTHING)["joules"]["value"] for stage in stages},
        **{key: _text(turn.get(key, "")) for key in texts},
    }


def _derived(cost: Mapping[str, Figure], full: Mapping[str, Figure]) -> dict[str, Any]:
    """Return the columns of dimensions that follow from others; empty where they were not counted yet."""
    columns: dict[str, Any] = {}
    for row, _ in DIMENSIONS.derived:
        columns |= _columns(row.name, cost.get(row.name, _MISSING))
        columns[f"{row.name}_full"] = full.get(row.name, _MISSING)["value"]
    return columns


def _at(turn: Turn) -> str:
    return datetime.fromtimestamp(turn["at"], UTC).isoformat(timespec="milliseconds")


def _columns(name: str, figure: Figure) -> dict[str, Any]:
    value = figure["value"]
    return {
        name: value,
        f"{name}_kind": figure["kind"],
        f"{name}_low": figure.get("low", value),
        f"{name}_high": figure.get("high", value),
    }


def _outcome(turn: Turn) -> str:
    if not answered(turn):
        return "failed"
    return "abstained" if turn.get("abstained") else "answered"


def _text(value: object) -> str:
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


_MISSING = Figure(value=None, kind="")
_NOTHING = dict.fromkeys(("joules", "usd", "seconds"), Figure(value=0.0, kind="measured"))
_EMPTY: Turn = {
    **dict.fromkeys(("id", "policy", "thread", "process", "question_mark"), ""),
    "at": 0.0,
    "wall_seconds": 0.0,
    "tokens": {"input": 0, "output": 0},
    "cost": _NOTHING,
    "full": _NOTHING,
    "stages": {},
}

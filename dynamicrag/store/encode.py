"""Queries of the decision log as rows of its tables, and back.

Numbers that describe a query (features and embedding) are float16 in binary columns; the rest is JSON.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from sqlalchemy import Row

from dynamicrag.store.logged import LoggedDecision, LoggedQuery, Vector
from dynamicrag.topology import JUDGING

LARGEST = float(np.finfo(np.float16).max)
_PLAIN = ("stage", "seq", "router", "state", "options", "allowed", "chosen", "chances", "expected", "quality")


def row_of(query: LoggedQuery) -> dict[str, Any]:
    """Return a query as a row, without its number."""
    record = {
        "thread": query.thread, "path": dict(query.path), "tags": list(query.tags),
        "weights": dict(query.weights), "signals": dict(query.signals), "embedder": query.embedder,
        "decisions": [_decision(each) for each in query.decisions],
    }  # fmt: skip
    if query.text:
        record["text"] = query.text
    values = [value for each in query.decisions for value in each.features.values()]
    return {
        "id": query.id, "at": query.at, "policy": clean(query.policy), "user": query.user,
        "vector": _bytes(query.vector), "features": _bytes(values),
        "record": json.dumps(record, separators=(",", ":")),
    }  # fmt: skip


def query_of(row: Row[Any]) -> LoggedQuery:
    """Return a row as a query.

    Args:
        row: The row, with the record of its settled account, if there is one.

    Raises:
        ValueError: The row is damaged. Also other errors: ``KeyError``, ``TypeError``, ``AttributeError``.
    """
    record = json.loads(row.record)
    values = iter(_array(row.features).tolist())
    decisions = tuple(_decided(each, values) for each in record["decisions"])
    return LoggedQuery(
        id=row.id,
        at=float(row.at),
        policy=row.policy,
        path=record["path"],
        decisions=decisions,
        thread=record["thread"],
        user=row.user,
        tags=tuple(record["tags"]),
        weights=record["weights"],
        signals=record["signals"],
        embedder=record["embedder"],
        vector=_array(row.vector),
        text=record.get("text", ""),
        cost={} if row.settled is None else cost_of(row.settled),
    )


def cost_of(settled: str) -> dict[str, float | None]:
    """Return the cost of a settled account by dimension; empty if its record is damaged.

    The cost of a judge that marked the answer afterwards is not in it: no decision caused it.
    """
    try:
        record = json.loads(settled)
        judging = record.get("stages", {}).get(JUDGING, {})
        apart = {name: figure["value"] or 0.0 for name, figure in judging.items()}
        total = {name: figure["value"] for name, figure in record["cost"].items()}
        return {name: each and each - apart.get(name, 0.0) for name, each in total.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def clean(text: str) -> str:
    """Return a text as every database can store it: without NUL and lone surrogates."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _decision(decision: LoggedDecision) -> dict[str, Any]:
    made: dict[str, Any] = {name: getattr(decision, name) for name in _PLAIN}
    made["expected"] = [dict(each) for each in decision.expected]
    if decision.base != decision.quality:
        made["base"] = decision.base
    return {**made, "features": list(decision.features)}


def _decided(record: Mapping[str, Any], values: Iterator[float]) -> LoggedDecision:
    names: Sequence[str] = record["features"]
    made = LoggedDecision(
        stage=record["stage"],
        seq=record["seq"],
        router=record["router"],
        state=record["state"],
        options=tuple(record["options"]),
        allowed=tuple(record["allowed"]),
        chosen=record["chosen"],
        chances=tuple(record["chances"]),
        expected=tuple(record["expected"]),
        quality=tuple(record["quality"]),
        base=tuple(record.get("base", record["quality"])),
        features=dict(zip(names, islice(values, len(names)), strict=True)),
    )
    lengths = {len(made.allowed), len(made.chances), len(made.expected), len(made.quality), len(made.base)}
    if lengths != {len(made.options)} or made.chosen not in made.options:
        raise ValueError("a decision does not fit its options")
    return made


def _bytes(values: Vector | Sequence[float]) -> bytes:
    """Return numbers as float16 bytes; larger ones than float16 has are cut."""
    array = np.clip(np.asarray(values, dtype=np.float64), -LARGEST, LARGEST)
    return array.astype("<f2").tobytes()


def _array(stored: bytes) -> Vector:
    return np.frombuffer(stored, dtype="<f2").astype(np.float16)

"""Outcome tables on disk: JSON lines, one query a line, gzipped where the name ends in ``.gz``.

::

    {"query_id": "q1", "group": "bridge", "query": "Who …?", "answers": ["…"], "answerable": true,
     "origin": {"policy": "…", "corpus": "…", "models.small": "…", "context.short": "…"},
     "outcomes": {"small/short": {"quality": 0.5, "usd": 0.0, "joules": 31.2, "em": 0.0, "answer": "…",
                                  "path": {"context": "short", "generator": "small"},
                                  "signals": {"first_margin": 0.4}, "kinds": {"joules": "modelled"}}}}

``quality`` is from 0 to 1, or ``null`` where it was not observed; every other number of an outcome is
a cost or a further score, by its own name. ``null`` or ``NaN`` is a number that nobody knows. A row whose
``outcomes`` are empty, ``null`` or missing has no results; an option that is ``null`` has none in that row.
All but ``query_id`` and ``query`` may be missing. A line ``{"label": 0, "question": "…"}`` is a query whose
label names the better of two options.
"""

import gzip
import math
import sys
from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from dynamicrag.errors import InputError
from dynamicrag.lab.json_lines import as_json, parse_line, read_lines
from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable, Row
from dynamicrag.plain_values import shown
from dynamicrag.whole_file import replacing

Record = dict[str, Any]
_WORDS = {"answer": str, "error": str, "signals": dict, "kinds": dict, "path": dict}
"""Fields of an outcome that are no numbers."""
LABELS = ("label 0", "label 1")


def read_table(path: Path, labels: Sequence[str] = LABELS) -> OutcomeTable:
    """Read a table; rows without results are left out, and named in its ``left_out``.

    Args:
        path: The file.
        labels: Names of the two options of a file of labels, in the labels' order.

    Raises:
        InputError: The file cannot be read, or a line of it cannot be used.
    """
    rows, lacking = list[Row](), list[str]()
    for row in stream_rows(path, labels):
        if row.outcomes:
            rows.append(row)
        else:
            lacking.append(row.id)
    return OutcomeTable(rows, name=path.name, left_out=lacking)


def stream_rows(path: Path, labels: Sequence[str] = LABELS) -> Iterator[Row]:
    """Yield the rows of a table, one at a time; of those without results too.

    Raises:
        InputError: As :func:`read_table`.
    """
    for number, line in enumerate(read_lines(path), 1):
        if line.strip():
            where = f"{path}:{number}"
            yield row_of(parse_line(line, where, "an outcome table's row"), where, number, labels)


def write_table(table: OutcomeTable, path: Path) -> None:
    """Write a table, whole or not at all.

    Raises:
        InputError: It cannot be written.
    """
    try:
        with replacing(path) as draft, draft.open("wb") as raw:
            # no time stamp: the same table gives the same bytes
            packed = (
                gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) if path.suffix == ".gz" else raw
            )
            with TextIOWrapper(packed, "utf-8", newline="\n") as file:
                file.writelines(f"{as_json(as_record(row))}\n" for row in table.rows)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None


def as_record(row: Row) -> Record:
    """Return a row as it is written."""
    record: Record = {"query_id": row.id, "query": row.text}
    optional = {"group": row.group, "answers": list(row.answers), "origin": dict(row.origin)}
    record |= {key: value for key, value in optional.items() if value}
    if row.answerable is not None:
        record["answerable"] = row.answerable
    return {**record, "outcomes": {name: outcome_record(o) for name, o in row.outcomes.items()}}


def outcome_record(outcome: Outcome) -> Record:
    """Return an outcome as it is written."""
    quality = None if math.isnan(outcome.quality) else outcome.quality
    words = {key: getattr(outcome, key) for key in _WORDS}
    return {"quality": quality, **outcome.facts, **{k: v for k, v in words.items() if v not in (None, {})}}


def row_of(record: Record, where: str, number: int = 0, labels: Sequence[str] = LABELS) -> Row:
    """Return the row that a parsed line describes.

    Raises:
        InputError: It cannot be used.
    """
    text = record.get("query", record.get("question"))
    if not isinstance(text, str) or not text.strip():
        raise InputError(f"{where}: 'query' is missing, or no text")
    labelled = "label" in record
    name = record.get("query_id", f"q{number}" if labelled else None)
    if not isinstance(name, str | int) or isinstance(name, bool) or name == "":
        raise InputError(f"{where}: 'query_id' is {name!r}; expected a text or a whole number")
    if labelled:
        return Row(str(name), text, _labelled(record["label"], labels, where))
    outcomes = {} if record.get("outcomes") is None else record["outcomes"]
    if not isinstance(outcomes, dict):
        raise InputError(
            f"{where}: 'outcomes' is {shown(outcomes)}; expected {{option: {{quality: 0 to 1}}}}"
        )
    answerable = record.get("answerable")
    if answerable is not None and not isinstance(answerable, bool):
        raise InputError(f"{where}: 'answerable' is {answerable!r}; expected true or false")
    answers = record.get("answers") or []
    origin = record.get("origin") or {}
    if not isinstance(answers, list) or not isinstance(origin, dict):
        raise InputError(f"{where}: 'answers' is to be a list, and 'origin' a mapping")
    return Row(
        id=str(name),
        text=text,
        outcomes={
            option: outcome_of(o, f"{where}: {option}")
            for option, o in outcomes.items()
            if o not in (None, {})
        },
        group=str(record.get("group") or ""),
        answers=tuple(map(str, answers)),
        answerable=answerable,
        origin={str(key): str(value) for key, value in origin.items()},
    )


def outcome_of(record: Any, where: str) -> Outcome:
    """Return the outcome that a part of a parsed line describes.

    Raises:
        InputError: It cannot be used.
    """
    if not isinstance(record, dict) or "quality" not in record:
        raise InputError(f"{where}: expected {{quality: 0 to 1, …}}, got {shown(record)}")
    quality = math.nan if _unknown(record["quality"]) else _number(record["quality"], f"{where}.quality")
    if not math.isnan(quality) and not 0 <= quality <= 1:
        raise InputError(f"{where}.quality: expected a number from 0 to 1, got {quality}")
    for key, kind in _WORDS.items():
        if record.get(key) is not None and not isinstance(record[key], kind):
            raise InputError(f"{where}.{key}: expected {kind.__name__}, got {shown(record[key])}")
    numbers = {key: value for key, value in record.items() if key != "quality" and key not in _WORDS}
    return Outcome(
        quality=quality,
        facts={
            key: _number(value, f"{where}.{key}") for key, value in numbers.items() if not _unknown(value)
        },
        signals={
            k: _number(v, f"{where}.signals.{k}")
            for k, v in (record.get("signals") or {}).items()
            if not _unknown(v)
        },
        kinds={str(key): str(value) for key, value in (record.get("kinds") or {}).items()},
        path={str(key): str(value) for key, value in (record.get("path") or {}).items()},
        answer=record.get("answer"),
        error=record.get("error"),
    )


def _unknown(value: Any) -> bool:
    """Return whether a number says that nobody knows it."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def _labelled(label: Any, labels: Sequence[str], where: str) -> dict[str, Outcome]:
    if label is None:
        return {}
    if label not in (0, 1) or len(labels) != 2:
        raise InputError(f"{where}: 'label' is {label!r}; expected 0 or 1, and two options named for them")
    return {option: Outcome(float(position == label)) for position, option in enumerate(labels)}


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool | int | float) and abs(value) <= sys.float_info.max:
        return float(value)
    raise InputError(
        f"{where}: expected a finite number, got {shown(value)}; write null for what was not observed"
    )

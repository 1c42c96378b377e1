"""Kept queries, checked: what cannot be true or is not known is left out and named, never a part of a sum."""

from collections.abc import Mapping
from itertools import pairwise
from math import isclose, isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.vector import KINDS, UNKNOWN
from dynamicrag.errors import RunsError
from dynamicrag.lab.left_out import left_out

if TYPE_CHECKING:
    from dynamicrag.cost.runs import Runs

Turn = dict[str, Any]
Process = Mapping[str, Any]
LATEST = 253_402_300_799.0
"""The last second that has a date, in seconds since the epoch."""

ROUNDING = 1e-6
ENERGIES = ("metered", "active", "idle", "constant", "unexplained", "pending", "ingest")


class Kept(NamedTuple):
    """What a run database has.

    Attributes:
        turns: The queries, oldest first.
        processes: The accounts of all processes, by id.
        notes: Which queries are left out, and why.
    """

    turns: list[Turn]
    processes: dict[str, Process]
    notes: list[str]


def load(runs: "Runs", since: float = 0.0) -> Kept:
    """Return the queries kept since a time, and the accounts of all processes.

    A query of which account lines were lost, so that nobody knows its cost, is left out; so is one whose
    record cannot be true, if others can.

    Raises:
        RunsError: The database cannot be read, no record of a query in it can be true, or one of a process
            cannot.
    """
    try:
        turns, processes = runs.turns(since=since), dict[str, Process](runs.processes())
    except (ValueError, TypeError) as error:
        raise RunsError(_broken(runs, "a record", f"it is no JSON object ({error})")) from error
    sound, lost, damaged = list[Turn](), list[str](), list[str]()
    for turn in turns:
        name = str(turn.get("id"))[:60]
        try:
            check_turn(turn)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            damaged.append(f"{name!r} ({_why(error)})")
            continue
        if _is_known(turn):
            sound.append(turn)
        else:
            lost.append(repr(name))
    if damaged and len(damaged) == len(turns):
        raise RunsError(_broken(runs, "every query", f"first {damaged[0]}"))
    for name, process in processes.items():
        try:
            check_process(process)
        except (KeyError, TypeError, ValueError) as error:
            raise RunsError(_broken(runs, f"process {name[:60]!r}", _why(error))) from error
    file, what = runs.path.name, "queries"
    notes = left_out(file, damaged, len(turns), what, "are damaged")
    why = "have lost lines of their account, so that nobody knows what they cost"
    notes += left_out(file, lost, len(turns), what, why)
    return Kept(sound, processes, notes)


def _is_known(turn: Turn) -> bool:
    """Return whether the query's energy, time and tokens are known; a price may be unlisted."""
    known = [name for name, row in DIMENSIONS.items() if row.follows is None and name != "usd"]
    costs = (turn["cost"], turn["full"], *turn["stages"].values())
    return all(cost[name]["value"] is not None for cost in costs for name in known)


def check_turn(turn: Turn) -> None:
    """Refuse a query whose record lacks what the report needs, or holds what cannot be.

    Raises:
        KeyError: It lacks something.
        TypeError: Something in it is of the wrong type.
        ValueError: A figure in it cannot be true.
    """
    texts = {key: turn[key] for key in ("id", "policy", "thread", "question_mark", "process")}
    for key, text in {**texts, "user": turn.get("user", "")}.items():
        if not isinstance(text, str):
            raise TypeError(f"{key} is {text!r}")
    _check_names(turn.get("tags", []), "tags")
    _amount(turn["at"], "at", LATEST)
    for scope in ("cost", "full"):
        _check_cost(turn[scope], scope)
    for stage, cost in turn["stages"].items():
        _check_cost(cost, f"stages.{stage}")
    _amount(turn["wall_seconds"], "wall_seconds")
    if turn.get("first_token_seconds") is not None:
        _amount(turn["first_token_seconds"], "first_token_seconds")
    for side in ("input", "output"):
        _amount(turn["tokens"][side], f"tokens.{side}")
    for name, value in turn.get("signals", {}).items():
        if not (isinstance(value, int | float) and isfinite(value)):
            raise ValueError(f"signals.{name} is {value!r}")
    _check_names([*turn.get("path", {}).values(), *turn.get("escalations", ())], "path and escalations")
    for stage, names in turn.get("options", {}).items():
        _check_names(names, f"options.{stage}")


def _check_names(names: object, where: str) -> None:
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise TypeError(f"{where} hold {names!r}")


def check_process(process: Process) -> None:
    """Refuse the accounts of a process that hold what cannot be; raises as :func:`check_turn`."""
    for key in ENERGIES:
        _amount(process[key], key)
    _amount(process.get("faults", 0), "faults")
    if process["kind"] not in KINDS:
        raise ValueError(f"kind is {process['kind']!r}")
    if not isinstance(process["meter"], str):
        raise TypeError(f"meter is {process['meter']!r}")


def answered(turn: Turn) -> bool:
    """Return whether the query came to an end: an answer, or a plain "I do not know"."""
    return "error" not in turn


def _check_cost(cost: Mapping[str, Any], where: str) -> None:
    for name, row in DIMENSIONS.items():
        if row.follows is not None and name not in cost:
            continue  # kept before the dimension was counted
        _check_figure(cost[name], f"{where}.{name}")


def _check_figure(figure: Mapping[str, Any], where: str) -> None:
    parts: Mapping[str, float] = figure.get("parts", {})
    for value in parts.values():
        _amount(value, f"{where}.parts")
    if figure["value"] is None:
        _check_unknown(figure, where)
        return
    _amount(figure["value"], where)
    for kind in (figure["kind"], *parts):
        if kind not in KINDS:
            raise ValueError(f"{where}: kind is {kind!r}")
    if parts and not isclose(sum(parts.values()), figure["value"], rel_tol=1e-6, abs_tol=1e-9):
        raise ValueError(f"{where}: its parts do not add up to it")
    if "low" in figure or "high" in figure:
        bounds = (figure["low"], figure["value"], figure["high"])
        for value in bounds:
            _amount(value, where)
        # each was summed on its own, so equal ones may differ in their last digits
        if not all(a <= b + ROUNDING * max(1.0, b) for a, b in pairwise(bounds)):
            raise ValueError(f"{where}: low, value and high are not in order")


def _check_unknown(figure: Mapping[str, Any], where: str) -> None:
    if figure["kind"] != UNKNOWN:
        raise ValueError(f"{where} is None, and its kind {figure['kind']!r}")
    for kind in figure.get("parts", {}):
        if kind not in KINDS:
            raise ValueError(f"{where}: kind is {kind!r}")


def _amount(value: object, where: str, most: float = 1e18) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{where} is {value!r}")
    if not (isfinite(value) and -ROUNDING <= value <= most):
        raise ValueError(f"{where} is {value!r}")


def _why(error: Exception) -> str:
    return f"it lacks {error}" if isinstance(error, KeyError) else str(error)[:200]


def _broken(runs: "Runs", what: str, why: str) -> str:
    return (
        f"{runs.path}: {what} is damaged ({why}), so no figure of this database can be trusted; "
        "move the file away to begin anew, or restore it from a copy"
    )

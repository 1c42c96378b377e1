"""One kept query, read from its record; a record that cannot be true is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from math import isclose, isfinite
from typing import Any

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.vector import KINDS, UNKNOWN
from dynamicrag.types import Figure

Costs = Mapping[str, Figure]
"""Figures by cost dimension; one that was not counted yet is missing."""

LATEST = 253_402_300_799.0
"""The last second that has a date, in seconds since the epoch."""

ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Turn:
    """A kept query.

    Attributes:
        id: Its id.
        at: When it was answered, in seconds since the epoch.
        policy: Name of its policy.
        thread: Its thread.
        process: Id of the process that answered it.
        question_mark: The keyed hash of its question.
        cost: Its active cost.
        full: Its cost with its share of idling and of the constant part.
        stages: Its active cost by stage.
        wall_seconds: Time to the answer.
        first_token_seconds: Time to the first token, where there was one.
        input_tokens: Prompt tokens.
        output_tokens: Generated tokens.
        user: Who asked, if the caller said.
        tags: What the caller tagged it with.
        path: The option in force at the end, by stage.
        options: The options of each stage, as its policy lists them.
        escalations: The steps back up, as ``stage:option``.
        signals: Signals of the accepted draft.
        failed_calls: Number of calls that failed.
        abstained: Whether no answer was given.
        provisional: Whether the meter had not covered it when it was kept.
        error: What went wrong, if it failed.
        question: Its text, where the policy keeps texts.
        answer: Its answer, where the policy keeps texts.
    """

    id: str
    at: float
    policy: str
    thread: str
    process: str
    question_mark: str
    cost: Costs
    full: Costs
    stages: Mapping[str, Costs]
    wall_seconds: float
    first_token_seconds: float | None
    input_tokens: int
    output_tokens: int
    user: str
    tags: Sequence[str]
    path: Mapping[str, str]
    options: Mapping[str, Sequence[str]]
    escalations: Sequence[str]
    signals: Mapping[str, float]
    failed_calls: int
    abstained: bool
    provisional: bool
    error: str | None
    question: str | None
    answer: str | None

    @property
    def answered(self) -> bool:
        """Whether the query ended with an answer or an abstention."""
        return self.error is None

    @property
    def joules(self) -> float:
        """Active joules; 0 where they are unknown."""
        return self.cost["joules"]["value"] or 0.0

    @property
    def joules_full(self) -> float:
        """Full joules; 0 where they are unknown."""
        return self.full["joules"]["value"] or 0.0

    @property
    def time(self) -> datetime:
        """When it was answered, in UTC."""
        return datetime.fromtimestamp(self.at, UTC)

    @property
    def is_known(self) -> bool:
        """Whether its energy, time and tokens are known; a price may be unlisted."""
        known = [name for name, row in DIMENSIONS.items() if row.follows is None and name != "usd"]
        costs = (self.cost, self.full, *self.stages.values())
        return all(cost[name]["value"] is not None for cost in costs for name in known)


def read_turn(record: Mapping[str, Any]) -> Turn:
    """Return the query of a record.

    Raises:
        KeyError: The record lacks a field.
        TypeError: A field is of the wrong type.
        AttributeError: A field is of the wrong type.
        ValueError: A figure cannot be true.
    """
    text = {key: record[key] for key in ("id", "policy", "thread", "process", "question_mark")}
    text["user"] = record.get("user", "")
    for key, value in text.items():
        if not isinstance(value, str):
            raise TypeError(f"{key} is {value!r}")
    first = record.get("first_token_seconds")
    path, escalations = record.get("path", {}), record.get("escalations", [])
    _names([*path.values(), *escalations], "path and escalations")
    for name, value in record.get("signals", {}).items():
        if not (isinstance(value, int | float) and isfinite(value)):
            raise ValueError(f"signals.{name} is {value!r}")
    return Turn(
        **text,
        at=amount(record["at"], "at", LATEST),
        cost=_costs(record["cost"], "cost"),
        full=_costs(record["full"], "full"),
        stages={stage: _costs(cost, f"stages.{stage}") for stage, cost in record["stages"].items()},
        wall_seconds=amount(record["wall_seconds"], "wall_seconds"),
        first_token_seconds=None if first is None else amount(first, "first_token_seconds"),
        input_tokens=amount(record["tokens"]["input"], "tokens.input"),
        output_tokens=amount(record["tokens"]["output"], "tokens.output"),
        tags=_names(record.get("tags", []), "tags"),
        path=path,
        options={s: _names(names, f"options.{s}") for s, names in record.get("options", {}).items()},
        escalations=escalations,
        signals=record.get("signals", {}),
        failed_calls=record.get("failed_calls", 0),
        abstained=bool(record.get("abstained")),
        provisional=bool(record.get("provisional")),
        error=_text(record, "error"),
        question=_text(record, "question"),
        answer=_text(record, "answer"),
    )


def _text(record: Mapping[str, Any], key: str) -> str | None:
    return str(record[key]) if key in record else None


def amount(value: Any, where: str, most: float = 1e18) -> Any:
    """Return a number that is finite, at most ``most`` and not below 0.

    Raises:
        TypeError: It is no number.
        ValueError: It cannot be true.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{where} is {value!r}")
    if not (isfinite(value) and -ROUNDING <= value <= most):
        raise ValueError(f"{where} is {value!r}")
    return value


def _names(names: Any, where: str) -> list[str]:
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise TypeError(f"{where} hold {names!r}")
    return names


def _costs(costs: Costs, where: str) -> Costs:
    for name, row in DIMENSIONS.items():
        if row.follows is None or name in costs:  # else kept before the dimension was counted
            _check_figure(costs[name], f"{where}.{name}")
    return costs


def _check_figure(figure: Figure, where: str) -> None:
    parts = figure.get("parts", {})
    for kind, part in parts.items():
        _check_kind(kind, where)
        amount(part, f"{where}.parts")
    value = figure["value"]
    if value is None:
        if figure["kind"] != UNKNOWN:
            raise ValueError(f"{where} is None, and its kind {figure['kind']!r}")
        return
    _check_kind(figure["kind"], where)
    amount(value, where)
    if parts and not isclose(sum(parts.values()), value, rel_tol=1e-6, abs_tol=1e-9):
        raise ValueError(f"{where}: its parts do not add up to it")
    if "low" in figure or "high" in figure:
        bounds = [amount(bound, where) for bound in (figure["low"], value, figure["high"])]
        # each was summed on its own, so equal ones may differ in their last digits
        if not all(a <= b + ROUNDING * max(1.0, b) for a, b in pairwise(bounds)):
            raise ValueError(f"{where}: low, value and high are not in order")


def _check_kind(kind: object, where: str) -> None:
    if kind not in KINDS:
        raise ValueError(f"{where}: kind is {kind!r}")

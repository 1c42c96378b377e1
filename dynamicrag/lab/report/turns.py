"""One kept query, as it is read from a run database; a record that cannot be true is refused."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from math import isclose
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.vector import KINDS, UNKNOWN
from dynamicrag.records import Figure

LATEST = 253_402_300_799.0
"""The last second that has a date, in seconds since the epoch."""

ROUNDING = 1e-6
Amount = Annotated[float, Field(ge=-ROUNDING, le=1e18)]


def _check_costs(costs: dict[str, Figure]) -> dict[str, Figure]:
    for name, row in DIMENSIONS.items():
        if name in costs:
            _check_figure(costs[name], name)
        elif row.follows is None:  # else kept before the dimension was counted
            raise ValueError(f"lacks {name}")
    return costs


def _check_figure(figure: Figure, name: str) -> None:
    value, parts = figure["value"], figure.get("parts", {})
    kinds = {*parts} if value is None else {*parts, figure["kind"]}
    if not kinds <= {*KINDS} or (value is None and figure["kind"] != UNKNOWN):
        raise ValueError(f"{name}: {value!r} is of kind {figure['kind']!r}")
    if value is None:
        return
    bounds = [figure.get("low", value), value, figure.get("high", value)]
    if min([*bounds, *parts.values()]) < -ROUNDING or max(bounds) > 1e18:
        raise ValueError(f"{name} is {value!r}")
    if parts and not isclose(sum(parts.values()), value, rel_tol=1e-6, abs_tol=1e-9):
        raise ValueError(f"{name}: its parts do not add up to it")
    # each bound was summed on its own, so equal ones may differ in their last digits
    if not all(a <= b + ROUNDING * max(1.0, b) for a, b in pairwise(bounds)):
        raise ValueError(f"{name}: low, value and high are not in order")


Costs = Annotated[dict[str, Figure], AfterValidator(_check_costs)]
"""Figures by cost dimension; a dimension that was not counted yet is missing."""


class Kept(BaseModel):
    """A record of a run database: of the right types, finite, and not to be changed."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False)


class Turn(Kept):
    """A kept query.

    Attributes:
        id: Its id.
        at: Time of the answer, in seconds since the epoch.
        policy: Name of its policy.
        thread: Its thread.
        process: Id of the process that answered it.
        question_mark: The keyed hash of its question.
        cost: Its active cost.
        full: Its cost with its share of idling and of the constant part.
        stages: Its active cost by stage.
        wall_seconds: Time to the answer.
        first_token_seconds: Time to the first token, where there was one.
        tokens: Numbers of prompt tokens, ``input``, and of generated ones, ``output``.
        user: The user who asked, if the caller named one.
        tags: The caller's tags.
        path: The option in force at the end, by stage.
        options: The options of each stage, as its policy lists them.
        escalations: The steps back up, as ``stage:option``.
        signals: Signals of the accepted draft.
        failed_calls: Number of calls that failed.
        abstained: Whether no answer was given.
        provisional: Whether the meter had not covered it when it was kept.
        unmetered: Why the energy of a model on this host was not metered, by model.
        error: The error, if it failed.
        waiting: Whether it waits for more budget, and nobody has answered its request.
        replaced: Whether another question replaced it before its end.
        question: Its text, where the policy keeps texts.
        answer: Its answer, where the policy keeps texts.
    """

    id: str
    at: float = Field(ge=0, le=LATEST)
    policy: str
    thread: str
    process: str
    question_mark: str
    cost: Costs
    full: Costs
    stages: dict[str, Costs]
    wall_seconds: Amount
    first_token_seconds: Amount | None = None
    tokens: dict[str, int | Amount]
    user: str = ""
    tags: Sequence[str] = ()
    path: Mapping[str, str] = {}
    options: Mapping[str, list[str]] = {}
    escalations: Sequence[str] = ()
    signals: Mapping[str, float] = {}
    failed_calls: int = 0
    abstained: bool = False
    provisional: bool = False
    unmetered: Mapping[str, str] = {}
    error: str | None = None
    waiting: bool = False
    replaced: bool = False
    question: str | None = None
    answer: str | None = None

    @property
    def answered(self) -> bool:
        """Whether the query ended with an answer or an abstention."""
        return self.error is None and not self.waiting and not self.replaced

    @property
    def failed(self) -> bool:
        """Whether the query ended with an error."""
        return self.error is not None

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
        """Time of the answer, in UTC."""
        return datetime.fromtimestamp(self.at, UTC)

    @property
    def is_known(self) -> bool:
        """Whether its energy, time and tokens are known; a price may be unlisted."""
        known = [name for name, row in DIMENSIONS.items() if row.follows is None and name != "usd"]
        costs = (self.cost, self.full, *self.stages.values())
        return all(cost[name]["value"] is not None for cost in costs for name in known)

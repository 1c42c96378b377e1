"""What a policy was calibrated to: the section ``calibrated`` of its file.

``dynamicrag calibrate`` writes it from the half of the table that it proves a policy on; ``dynamicrag
report`` holds later queries against it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, field_validator, model_validator

from dynamicrag.errors import unknown
from dynamicrag.topology import TOPOLOGY

__all__ = ["Band", "Calibrated"]

Share = Annotated[float, Field(ge=0, le=1)]
SUM = 1.001
"""What the shares of a stage may come to, rounding and all; less where queries skip the stage."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Band(_Strict):
    """A mean per query, and its 95 % interval.

    Attributes:
        mean: The mean.
        low: Lower end of the interval.
        high: Upper end of the interval.
    """

    mean: float
    low: float
    high: float

    @model_validator(mode="after")
    def _in_order(self) -> "Band":
        if not (all(map(isfinite, (self.low, self.mean, self.high))) and self.low <= self.mean <= self.high):
            raise ValueError(f"low, mean and high are not in order: {self.low}, {self.mean}, {self.high}")
        return self


class Calibrated(_Strict):
    """What queries are expected to cost and to look like.

    Attributes:
        date: When; a date, or a date and a time (UTC unless it says otherwise). Queries before it do not
            count.
        rows: Questions that the figures are from.
        joules: Active joules per query.
        seconds: Seconds of work per query.
        usd: Dollars per query.
        abstained: Share of the queries that were not answered.
        escalated: Share of the queries that were escalated.
        signals: Signals of accepted drafts, such as ``groundedness`` and ``token_margin``.
        shares: Share of the queries that ended with each option, by stage; 0 for those left out.
    """

    date: datetime
    rows: PositiveInt
    joules: Band | None = None
    seconds: Band | None = None
    usd: Band | None = None
    abstained: Share | None = None
    escalated: Share | None = None
    signals: dict[str, Band] = {}
    shares: dict[str, dict[str, Share]] = {}

    @field_validator("date")
    @classmethod
    def _in_utc(cls, date: datetime) -> datetime:
        return date if date.tzinfo else date.replace(tzinfo=UTC)

    @field_validator("shares")
    @classmethod
    def _of_stages(cls, shares: Mapping[str, Mapping[str, float]]) -> Mapping[str, Mapping[str, float]]:
        for stage, options in shares.items():
            if stage not in TOPOLOGY:
                raise ValueError(unknown("shares", "stage", stage, TOPOLOGY))
            if sum(options.values()) > SUM:
                raise ValueError(f"the shares of {stage} come to {sum(options.values()):.3f}; at most 1")
        return shares

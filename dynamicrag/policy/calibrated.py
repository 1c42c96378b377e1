"""The calibration record of a policy: the section ``calibrated`` of its file.

``dynamicrag calibrate`` writes it from the half of the table on which it proves a policy; ``dynamicrag
report`` compares later queries with it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field, PositiveInt, field_validator, model_validator

from dynamicrag.errors import unknown
from dynamicrag.stages.section import Section
from dynamicrag.topology import TOPOLOGY

__all__ = ["Band", "Calibrated"]

Share = Annotated[float, Field(ge=0, le=1)]
SUM = 1.001
"""Largest sum of a stage's shares, with rounding; it is lower if queries skip the stage."""


class Band(Section):
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
        if not self.low <= self.mean <= self.high:
            raise ValueError(f"low, mean and high are not in order: {self.low}, {self.mean}, {self.high}")
        return self


class Calibrated(Section):
    """Expected cost and signals of queries.

    Attributes:
        date: Date, or date and time (UTC by default), of the calibration. Earlier queries do not count.
        rows: Number of questions behind the figures.
        joules: Active joules per query.
        seconds: Seconds of work per query.
        usd: Dollars per query.
        abstained: Share of unanswered queries.
        escalated: Share of escalated queries.
        signals: Signals of accepted drafts, for example ``groundedness`` and ``token_margin``.
        shares: Share of the queries that ended with each option, by stage; 0 for options left out.
    """

    date: datetime
    rows: PositiveInt
    joules: Band | None = None
    seconds: Band | None = None
    usd: Band | None = None
    abstained: Share | None = None
    escalated: Share | None = None
    signals: dict[str, Band] = Field(default_factory=dict)
    shares: dict[str, dict[str, Share]] = Field(default_factory=dict)

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
                raise ValueError(f"the shares of {stage} add up to {sum(options.values()):.3f}; at most 1")
        return shares

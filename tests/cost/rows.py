"""A made-up cost dimension: one row, with its coefficient."""

import pytest

from dynamicrag.cost.bounds import Bounds
from dynamicrag.cost.dimension_table import Coefficient, DimensionRow
from dynamicrag.cost.dimensions import DIMENSIONS, JOULES_PER_KWH

HEAT = DimensionRow(
    "heat",
    "warmth",
    unit="kcal",
    scales=((1e-3, "cal"),),
    follows="joules",
    coefficient=Coefficient("kcal_per_kwh", per=JOULES_PER_KWH, default=Bounds(860.0), most=900.0),
)
EUR = DimensionRow(
    "eur",
    "euros",
    prefix="€",
    hard=True,
    follows="usd",
    coefficient=Coefficient("eur_per_usd", per=1.0, default=Bounds(0.9), most=10.0),
)


def register(monkeypatch: pytest.MonkeyPatch, row: DimensionRow = HEAT) -> None:
    """Register a row until the end of the test."""
    for name in ("_rows", "zeros", "derived"):
        monkeypatch.setattr(DIMENSIONS, name, getattr(DIMENSIONS, name))
    DIMENSIONS.register(row)

"""The cost dimensions, one row each: unit, format, hard or soft, source.

Every list of costs reads :data:`DIMENSIONS`: policies, cost vectors, budgets, the run database, tables, pages
and JSON. A derived dimension is a row with its coefficient, here or in a user's own module::

    DIMENSIONS.register(DimensionRow(
        "heat", "heat", unit="kcal", follows="joules",
        coefficient=Coefficient("kcal_per_kwh", per=JOULES_PER_KWH, default=Bounds(860.0), most=860.0),
    ))

The coefficient's ``key`` is then valid in profiles, in a policy's ``models.NAME.profile`` and in
``host.coefficients``.
"""

from dynamicrag.cost.bounds import Bounds
from dynamicrag.cost.dimension_table import Coefficient, DimensionRow, Dimensions
from dynamicrag.cost.grid import intensity

__all__ = ["DIMENSIONS", "JOULES_PER_KWH", "Bounds", "Coefficient", "DimensionRow"]

JOULES_PER_KWH = 3.6e6

DIMENSIONS = Dimensions([
    DimensionRow("joules", "energy", unit="J", scales=((1e6, "MJ"), (1e3, "kJ"), (1e-3, "mJ")), summary=True),
    DimensionRow("seconds", "time", unit="s", scales=((1e-3, "ms"),), summary=True),
    DimensionRow("usd", "money", prefix="$", hard=True, summary=True),
    DimensionRow(
        "gco2e", "carbon", unit="g", scales=((1e6, "t"), (1e3, "kg"), (1e-3, "mg")), noun="CO₂e",
        summary=True, follows="joules",
        # the world's mean in 2023 (Ember, Global Electricity Review 2024)
        coefficient=Coefficient("gco2e_per_kwh", JOULES_PER_KWH, Bounds(480.0), 2000.0, intensity),
    ),
    DimensionRow(
        "water", "water", unit="l", scales=((1e3, "m³"), (1e-3, "ml"), (1e-6, "µl")), noun="water",
        follows="joules",
        # Litres evaporated to generate a kWh in the United States; this host is not cooled with water.
        # mid: Li et al., "Making AI Less Thirsty", arXiv 2304.03271 (2023). low: thermal power stations
        # alone; high: with the reservoirs of hydropower (Torcellini et al., NREL/TP-550-33905, 2003).
        coefficient=Coefficient("water_per_kwh", JOULES_PER_KWH, Bounds(3.14, low=1.8, high=7.6), 100.0),
    ),
    DimensionRow("tokens", "tokens", hard=True),
])  # fmt: skip
"""The table. :mod:`dynamicrag.cost.charge` has the charges of the rows without a source."""

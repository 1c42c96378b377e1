"""The section ``objective`` of a policy: the worth of cost in quality, and the budget."""

from collections.abc import Iterable, Mapping

from pydantic import Field, NonNegativeFloat, field_validator

from dynamicrag.cost.budget import Exhausted
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.vector import Dimension
from dynamicrag.errors import unknown
from dynamicrag.stages.section import Section


class BudgetSection(Section):
    """Hard limits of cost.

    Attributes:
        per_query: Limit of one query, by dimension.
        total: Limit of all queries together, by dimension.
        exhausted: Behaviour if no option fits: the ``cheapest`` option, a ``BudgetExceeded`` error, or
            ``ask``: the graph is interrupted and offers what more budget would buy. With ``cheapest``,
            limits of ``usd`` and ``tokens`` per query still raise the error.
        account: Name of a total shared by all processes of this host; by default each has its own.
    """

    per_query: dict[Dimension, NonNegativeFloat] = Field(default_factory=dict)
    total: dict[Dimension, NonNegativeFloat] = Field(default_factory=dict)
    exhausted: Exhausted = "cheapest"
    account: str | None = None

    @field_validator("per_query", "total")
    @classmethod
    def _has_room(cls, limits: dict[Dimension, float]) -> dict[Dimension, float]:
        check_dimensions(limits)
        for dimension, limit in limits.items():
            if limit == 0 and dimension != "usd":  # no money is a valid budget: there are free models
                raise ValueError(f"{dimension}: a limit of 0 allows nothing; raise or remove it")
        return limits


class ObjectiveSection(Section):
    """The quality that one unit of cost is worth, and the budget.

    Attributes:
        weights: Quality, from 0 to 1, that one unit of cost is worth, by dimension.
        budget: Limits of cost.
    """

    weights: dict[Dimension, NonNegativeFloat] = Field(default_factory=dict)
    budget: BudgetSection = BudgetSection()

    @field_validator("weights")
    @classmethod
    def _are_dimensions(cls, weights: dict[Dimension, float]) -> dict[Dimension, float]:
        check_dimensions(weights)
        return weights


def limit_of_prices(limits: Iterable[Dimension]) -> Dimension | None:
    """Return the first limited dimension that follows from the prices of models, if there is one."""
    return next((name for name in limits if DIMENSIONS.source(name) == "usd"), None)


def check_dimensions(amounts: Mapping[Dimension, float]) -> None:
    """Raise ``ValueError`` unless every name is a cost dimension."""
    for name in amounts:
        if name not in DIMENSIONS:
            # pydantic adds the place
            raise ValueError(unknown("", "dimension", name, DIMENSIONS).removeprefix(": "))

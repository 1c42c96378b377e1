"""The facts about the models of a query: their costs, and why energy was not metered."""

from collections.abc import Sequence

from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.line import Line
from dynamicrag.cost.vector import Cost

__all__ = ["by_model", "unmetered"]


def by_model(ledger: Ledger, lines: Sequence[Line]) -> dict[str, dict[str, float | None]]:
    """Return joules, usd (``None`` where unknown) and calls by model spec."""
    by_spec: dict[str, list[Line]] = {}
    for line in lines:
        if line.spec and line.spec != line.stage:
            by_spec.setdefault(line.spec, []).append(line)
    models: dict[str, dict[str, float | None]] = {}
    for spec, own in by_spec.items():
        cost = Cost.total(map(ledger.line_cost, own))
        calls = sum(line.usage.calls for line in own)
        models[spec] = {"calls": calls, "joules": cost["joules"], "usd": cost.known("usd")}
    return models


def unmetered(lines: Sequence[Line]) -> dict[str, str]:
    """Return why a model on this host was not metered, by its name; the latest reason of each."""
    return {line.label: line.unmetered for line in lines if line.unmetered}

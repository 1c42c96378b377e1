"""What many queries come to: means, percentiles and totals that keep their provenance."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from dynamicrag.cost.dimension_table import DimensionRow
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.vector import KINDS, UNKNOWN
from dynamicrag.lab.report.records import Turn, answered
from dynamicrag.lab.summary import percentile
from dynamicrag.topology import TOPOLOGY
from dynamicrag.types import Figure

Read = Callable[[Turn], Figure | None]


class Quantity(NamedTuple):
    """Something a query costs.

    Attributes:
        name: Its key.
        unit: What it is counted in: a cost dimension.
        title: What people call it.
        of: Reads it off a query; ``None`` where the query has none.
    """

    name: str
    unit: str
    title: str
    of: Read


def _cost(scope: str, dimension: str) -> Read:
    return lambda turn: turn[scope].get(dimension)


def _clock(key: str) -> Read:
    def of(turn: Turn) -> Figure | None:
        value = turn.get(key)
        return None if value is None else Figure(value=value, kind="measured")

    return of


_CLOCKS = (
    Quantity("wall_seconds", "seconds", "time to answer", _clock("wall_seconds")),
    Quantity("first_token_seconds", "seconds", "time to first token", _clock("first_token_seconds")),
)


def quantities() -> Mapping[str, Quantity]:
    """Return what a query costs, by name: energy and what follows from it, all else, and the clock.

    Energy and what follows from it stand in both scopes, as ``NAME`` and ``NAME_full``. The seconds of
    calls are not among them: people wait for the answer, not for the sum of calls.
    """
    return _quantities(tuple(DIMENSIONS.values()))


@cache
def _quantities(rows: tuple[DimensionRow, ...]) -> Mapping[str, Quantity]:
    source = {row.name: DIMENSIONS.source(row.name) for row in rows}
    found: list[Quantity] = []
    for row in rows:
        if source[row.name] == "joules":
            found.append(Quantity(row.name, row.name, f"{row.title}, active", _cost("cost", row.name)))
            found.append(
                Quantity(f"{row.name}_full", row.name, f"{row.title}, full", _cost("full", row.name))
            )
    for row in rows:
        if source[row.name] not in ("joules", "seconds"):
            found.append(Quantity(row.name, row.name, row.title, _cost("cost", row.name)))
    return {quantity.name: quantity for quantity in (*found, *_CLOCKS)}


def summarise(turns: Sequence[Turn]) -> dict[str, Any]:
    """Return what these queries come to.

    Costs are over all of them, failed ones too.

    Returns:
        ``queries``, ``failed``, ``abstained``, ``escalated``, ``provisional`` (numbers); per quantity
        ``queries`` (how many have it), ``mean``, ``p50``, ``p95``, ``total`` (figures, ``None`` where none
        has it); ``stages`` (active joules by stage: ``total``, ``mean``); ``options`` (see :func:`shares`).
    """
    return {
        "queries": len(turns),
        "failed": sum(not answered(turn) for turn in turns),
        "abstained": sum(bool(turn.get("abstained")) for turn in turns),
        "escalated": sum(bool(turn.get("escalations")) for turn in turns),
        "provisional": sum(bool(turn.get("provisional")) for turn in turns),
        **{name: statistics([one.of(turn) for turn in turns]) for name, one in quantities().items()},
        "stages": _stages(turns),
        "options": shares(turns),
    }


def statistics(figures: Sequence[Figure | None]) -> dict[str, Any]:
    """Return the mean, the median, the 95th percentile and the total of what is known.

    A mean or percentile is no better than the least certain figure it is made from: where one is unknown,
    so are they.
    """
    known = [figure for figure in figures if figure is not None]
    if not known:
        return {"queries": 0, "mean": None, "p50": None, "p95": None, "total": None}
    values = [figure["value"] for figure in known if figure["value"] is not None]
    sum_of_all = total(known)
    kind = sum_of_all["kind"]
    if len(values) < len(known):
        nobody = Figure(value=None, kind=kind)
        points = dict.fromkeys(("mean", "p50", "p95"), nobody)
        return {"queries": len(known), **points, "total": sum_of_all}
    return {
        "queries": len(known),
        "mean": Figure(value=sum(values) / len(values), kind=kind),
        "p50": Figure(value=percentile(values, 50), kind=kind),
        "p95": Figure(value=percentile(values, 95), kind=kind),
        "total": sum_of_all,
    }


def total(figures: Sequence[Figure]) -> Figure:
    """Return the sum of figures with its parts by provenance, and its bounds where any has them.

    A figure of zero says nothing of provenance. Bounds add up, for estimates share their coefficients. A sum
    with an unknown part is unknown, and its parts are what is known of it.
    """
    parts: dict[str, float] = {}
    for figure in figures:
        for kind, value in parts_of(figure).items():
            if value:
                parts[kind] = parts.get(kind, 0.0) + value
    values = [figure["value"] for figure in figures if figure["value"] is not None]
    if len(values) < len(figures):
        found = Figure(value=None, kind=UNKNOWN)
    else:
        found = Figure(value=sum(values), kind=least_certain(parts))
    if len(parts) > 1 or (parts and found["value"] is None):
        found["parts"] = {kind: parts[kind] for kind in KINDS if kind in parts}
    if found["value"] is not None and any("low" in figure for figure in figures):
        found["low"] = sum(figure.get("low", value) for figure, value in zip(figures, values, strict=True))
        found["high"] = sum(figure.get("high", value) for figure, value in zip(figures, values, strict=True))
    return found


def parts_of(figure: Figure) -> Mapping[str, float]:
    """Return the known amount of each kind of provenance in a figure."""
    value = figure["value"]
    return figure.get("parts", {} if value is None else {figure["kind"]: value})


def least_certain(kinds: Mapping[str, Any] | Sequence[str]) -> str:
    """Return the least certain of some kinds of provenance; ``measured`` of none."""
    return max(kinds, key=[*map(str, KINDS), UNKNOWN].index, default="measured")


def stage_order(stages: Sequence[str] | set[str]) -> list[str]:
    """Return stages in the order of a query's way; what is no stage (condensing) comes first."""
    return sorted(set(stages), key=lambda stage: (TOPOLOGY.index(stage) if stage in TOPOLOGY else -1, stage))


def _stages(turns: Sequence[Turn]) -> dict[str, dict[str, Figure]]:
    found = {}
    for stage in stage_order({stage for turn in turns for stage in turn["stages"]}):
        all_of_it = total([turn["stages"][stage]["joules"] for turn in turns if stage in turn["stages"]])
        mean = Figure(value=(all_of_it["value"] or 0.0) / len(turns), kind=all_of_it["kind"])
        found[stage] = {"total": all_of_it, "mean": mean}
    return found


def shares(turns: Sequence[Turn]) -> dict[str, dict[str, dict[str, float]]]:
    """Return by stage and option the share of the queries that ended with it.

    Returns:
        ``share``, and ``escalated``: the part of the queries that came to the option by escalation.
        Shares of a stage lack of 1 the queries that never came to it. Options are in their policy's order,
        weakest first; those of queries that did not keep it come last.
    """
    count: dict[str, dict[str, list[int]]] = {}
    for turn in turns:
        raised = set(turn.get("escalations", ()))
        for stage, option in turn.get("path", {}).items():
            one = count.setdefault(stage, {}).setdefault(option, [0, 0])
            one[0] += 1
            one[1] += f"{stage}:{option}" in raised
    order = _listed(turns)
    found: dict[str, dict[str, dict[str, float]]] = {}
    for stage in stage_order(set(count)):
        taken = count[stage]
        names = [name for name in order.get(stage, ()) if name in taken]
        names += [name for name in taken if name not in names]
        found[stage] = {
            name: {"share": taken[name][0] / len(turns), "escalated": taken[name][1] / len(turns)}
            for name in names
        }
    return found


def _listed(turns: Sequence[Turn]) -> dict[str, list[str]]:
    """Return the options by stage as policies list them, the latest query's first."""
    found: dict[str, list[str]] = {}
    for turn in reversed(turns):
        for stage, names in turn.get("options", {}).items():
            known = found.setdefault(stage, [])
            known += [name for name in names if name not in known]
    return found

"""The charts of the report."""

from collections.abc import Mapping, Sequence
from math import ceil

from dynamicrag.cost.amounts import amount, percent
from dynamicrag.lab.report import words
from dynamicrag.lab.report.accounts import Accounts
from dynamicrag.lab.report.quantities import quantities
from dynamicrag.lab.report.savings import Comparison
from dynamicrag.lab.report.summary import Summary, stages_of
from dynamicrag.lab.report.tables import ACCOUNT_SHADES, shade_of
from dynamicrag.lab.report.turns import Turn
from dynamicrag.lab.view.amounts import cut, reach
from dynamicrag.lab.view.charts import Axis, Bars, Format, Histogram, Span, Spans, Stack, Strips
from dynamicrag.lab.view.page import Figure

OVERHEAD = "share of idle and constant"
BARS, BINS = 60, 24
_FLOOR = -2.0
"""The end of the savings' scale on the side of losses; larger losses stand in the table alone."""

Policies = Mapping[str, Sequence[Turn]]


def saved(comparisons: Mapping[str, Comparison]) -> Figure | None:
    """Return savings with their intervals: a policy's in all quantities, or those of several in energy.

    ``None`` where there is nothing to save.
    """
    rows = []
    for policy, comparison in comparisons.items():
        for name, figure in comparison.figures.items():
            alone = len(comparisons) == 1
            if figure.value is not None and (alone or name == "joules"):
                low, high = figure.interval or (figure.value, figure.value)
                text = percent(figure.value) + (f" ({words.interval(figure)})" if figure.interval else "")
                label = quantities()[name].title if alone else cut(policy, 32)
                low, value, high = (max(_FLOOR, end) for end in (low, figure.value, high))
                rows.append(Span(label, low, value, high, text))
    if not rows:
        return None
    lowest = min(min(row.low, row.value) for row in rows)
    scale = Axis(low=max(_FLOOR, -ceil(-lowest * 4) / 4) if lowest < 0 else 0.0, high=1.0, text=percent)
    what = "" if len(comparisons) == 1 else "active energy"
    return Figure(Spans("Savings with 95 % intervals", rows, scale), what)


def over_time(policies: Policies) -> list[Figure]:
    """Return the energy of query after query, by stage, with the overhead on top."""
    stacks = {policy: _stacks(turns) for policy, turns in policies.items()}
    top = max(sum(stack.parts.values()) for own in stacks.values() for stack in own)
    stages = stages_of(turn for turns in policies.values() for turn in turns)
    legend = [*((shade_of(stage), stage) for stage in stages), ("rest2", OVERHEAD)]
    found: list[Figure] = []
    for policy, own in stacks.items():
        size = _size(policies[policy])
        about = "every bar is a query" if size == 1 else f"every bar is the mean of {size} queries in a row"
        title = f"Joules per query over time, {policy}, by stage; {about}"
        chart = Bars(title, own, Axis(low=0.0, high=top or 1.0, text=_joules))
        last = len(found) == len(stacks) - 1
        found.append(Figure(chart, cut(policy, 60), about, legend if last else ()))
    return found


def _size(turns: Sequence[Turn]) -> int:
    return ceil(len(turns) / BARS)


def _stacks(turns: Sequence[Turn]) -> list[Stack]:
    size = _size(turns)
    return [_stack(turns[begin : begin + size]) for begin in range(0, len(turns), size)]


def _stack(turns: Sequence[Turn]) -> Stack:
    parts: dict[str, float] = {}
    named = []
    for stage in stages_of(turns):
        joules = sum(turn.stages[stage]["joules"]["value"] or 0.0 for turn in turns if stage in turn.stages)
        parts[shade_of(stage)] = parts.get(shade_of(stage), 0.0) + joules / len(turns)
        if joules:
            named.append(f"{stage} {amount('joules', joules / len(turns))}")
    active, full = (sum(values) / len(turns) for values in _both(turns))
    parts["rest2"] = max(0.0, full - active)
    about = f"{turns[0].time:%Y-%m-%d %H:%M} UTC: {amount('joules', active)} active ({', '.join(named)}), "
    return Stack(f"{turns[0].time:%d %b %H:%M}", parts, f"{about}{amount('joules', full)} full")


def _both(turns: Sequence[Turn]) -> tuple[list[float], list[float]]:
    return [turn.joules for turn in turns], [turn.joules_full for turn in turns]


def distribution(policies: Policies, baseline: str) -> list[Figure]:
    """Return the spread of active energy over the queries, every policy on the same scale."""
    import numpy as np

    values = {policy: [turn.joules for turn in turns] for policy, turns in policies.items()}
    edges = np.linspace(0.0, max(map(max, values.values())) or 1.0, BINS + 1)
    counts = {policy: np.histogram(own, edges)[0] for policy, own in values.items()}
    top = max(float(own.max() / own.sum()) for own in counts.values())
    found = []
    for policy, own in counts.items():
        # three digits are enough to read
        p50, p95 = (float(f"{point:.3g}") for point in np.percentile(values[policy], [50, 95]))
        chart = Histogram(
            f"Share of the queries by active joules, {policy}", own.tolist(), edges.tolist(),
            {"p50": p50, "p95": p95}, Axis(text=_joules), Axis(low=0.0, high=1.3 * top),
            "base" if policy == baseline and len(values) > 1 else "c0",
        )  # fmt: skip
        found.append(Figure(chart, cut(policy, 60), f"{len(values[policy])} queries"))
    return found


def by_stage(policies: Mapping[str, Summary]) -> Figure:
    """Return the active energy of each part of a query, on average."""
    rows = []
    for policy, summary in policies.items():
        mean = summary.costs["joules"].mean
        parts: dict[str, float] = {}
        for stage, energy in summary.stages.items():
            parts[shade_of(stage)] = parts.get(shade_of(stage), 0.0) + (energy.mean["value"] or 0.0)
        whole = amount("joules", mean["value"] if mean else None)
        rows.append(Stack(cut(policy, 24), parts, f"{policy}: {whole} a query"))
    chart = Strips("Active joules per query by stage", rows, _full(rows))
    stages = dict.fromkeys(stage for summary in policies.values() for stage in summary.stages)
    return Figure(chart, legend=[(shade_of(stage), stage) for stage in stages])


def by_account(books: Accounts) -> Figure:
    """Return the owners of the metered energy."""
    parts = {ACCOUNT_SHADES[name]: figure["value"] or 0.0 for name, figure in books.accounts.items()}
    named = [f"{name} {amount('joules', figure['value'])}" for name, figure in books.accounts.items()]
    row = Stack("", parts, ", ".join(named))
    title = f"{amount('joules', books.metered['value'])} metered, by account"
    return Figure(Strips(title, [row], _full([row])))


def _full(rows: Sequence[Stack]) -> Axis:
    return Axis(low=0.0, high=max(sum(row.parts.values()) for row in rows) or 1.0)


def waiting(policies: Mapping[str, Summary]) -> Figure:
    """Return the waiting times: from the median to the 95th percentile."""
    rows = []
    for policy, summary in policies.items():
        for name, to, shade in (
            ("first_token_seconds", "first token", "c4"),
            ("wall_seconds", "answer", "c0"),
        ):
            own = summary.costs[name]
            if own.p50 is not None and own.p95 is not None:
                low, high = own.p50["value"] or 0.0, own.p95["value"] or 0.0
                label = f"{cut(policy, 24)} to the {to}"
                rows.append(Span(label, low, low, high, reach("seconds", low, high), shade))
    scale = Axis(low=0.0, high=1.02 * max(row.high for row in rows) or 1.0, text=_brief("seconds"))
    return Figure(Spans("Waiting time, median to 95th percentile", rows, scale))


def _brief(unit: str) -> Format:
    return lambda value: amount(unit, value, brief=True)


def _joules(value: float) -> str:
    return amount("joules", value, brief=True)

"""The tables of the report, for the page and the terminal alike."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TypeVar

from dynamicrag.cost.amounts import amount, digits, percent
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.report import words
from dynamicrag.lab.report.accounts import Accounts
from dynamicrag.lab.report.calibrations import ModelRates, Rates
from dynamicrag.lab.report.drift import Drift, Estimate
from dynamicrag.lab.report.make import Report
from dynamicrag.lab.report.quantities import quantities
from dynamicrag.lab.report.savings import Comparison
from dynamicrag.lab.report.summary import Share, Summary, stage_order
from dynamicrag.lab.view.amounts import cut
from dynamicrag.lab.view.page import Cell, Column, Row, Style, Table, Where
from dynamicrag.records import Figure

MOST = 6
"""Most policies that are shown side by side or drawn one by one."""
SHADES: Mapping[str, str] = {
    "generator": "c0", "retrieval": "c1", "retriever": "c2", "context": "c3", "prompt": "c4",
    "verification": "c5", "condense": "c6", "rewrite": "rest", "rerank": "c7",
}  # fmt: skip
"""The class of each stage's colour."""
ACCOUNT_SHADES = dict(zip(words.ACCOUNTS, ("c0", "c2", "c7", "rest", "rest2", "c6", "c3"), strict=True))
_NAME = 32
_NEVER = Share(0.0, 0.0)
_T = TypeVar("_T")
_Rows = list[Row | Sequence[Cell | str]]


def first_of(policies: Mapping[str, _T]) -> dict[str, _T]:
    """Return the policies that are shown; the last is the baseline, which is among them."""
    names = list(policies)
    kept = names if len(names) <= MOST else [*names[: MOST - 1], names[-1]]
    return {name: policies[name] for name in kept}


def costs(overall: Summary) -> Table:
    """Return the cost of all queries."""
    titles = (("mean", 0), ("p50", 2), ("p95", 1), ("total", 0))
    rows: _Rows = []
    for name, quantity in quantities().items():
        own = overall.costs[name]
        if own.total is not None:
            points = [_value(point, quantity.unit) for point in (own.mean, own.p50, own.p95, own.total)]
            rows.append([quantity.title, *points, words.provenance(own.total, quantity.unit)])
    columns = [Column(title, spare=spare) for title, spare in titles]
    return Table([Column("per query"), *columns, Column("of which", number=False, spare=3)], rows)


def groups(report: Report, where: Where) -> Table:
    """Return the groups, with fewer columns and rows on the terminal."""
    wide = where == "html"
    shown = [("joules", "mean", "active", 0)]
    if wide:
        shown += [("joules", "p50", "active, p50", 0), ("joules", "p95", "active, p95", 0)]
    shown.append(("joules_full", "mean", "full", 4))
    if wide:
        shown += [(row.name, "mean", quantities()[row.name].title, 0) for row, _ in DIMENSIONS.derived]
        shown.append(("tokens", "mean", "tokens", 0))
    shown += [("usd", "mean", "money", 2), ("wall_seconds", "p50", "answer", 0)]
    shown.append(("first_token_seconds", "p50", "1st token", 1))
    counts = ["queries", "failed", *(["abstained", "escalated"] if wide else [])]
    columns = [Column(name, spare=3 if name == "failed" else 0) for name in counts]
    columns += [Column(title, spare=spare) for _, _, title, spare in shown]
    rows: _Rows = []
    for name, group in report.groups.items():
        points = [_value(getattr(group.costs[key], point), quantities()[key].unit)
                  for key, point, _, _ in shown]  # fmt: skip
        own = [f"{getattr(group, count):,}" for count in counts]
        rows.append([cut(name, _NAME) or "(none)", *own, *points])
    return Table([Column(report.selection.by), *columns], rows, most=50 if wide else 20, where=where)


def saved(comparisons: Mapping[str, Comparison], baseline: str) -> Table:
    """Return the savings of policies."""
    alone = len(comparisons) == 1
    rows: _Rows = []
    for policy, comparison in comparisons.items():
        for number, (name, figure) in enumerate(comparison.figures.items()):
            quantity, share = quantities()[name], figure.value
            means = [_value(mean, quantity.unit) for mean in (figure.ours, figure.theirs)]
            style: Style = "strong" if share is None or not figure.is_sure else "good" if share > 0 else "bad"
            saving = Cell("–" if share is None else percent(share), style=style)
            who = [] if alone else [cut(policy, _NAME) if number == 0 else ""]
            kind = figure.kind if share is not None else ""
            cells: list[Cell | str] = [*who, quantity.title, *means, saving, words.interval(figure), kind]
            rows.append(Row(cells, rule=number == 0 and bool(rows)))
    ours = cut(next(iter(comparisons)), _NAME) if alone else "mean"
    columns = [] if alone else [Column("policy")]
    columns += [
        Column("per query", number=alone),
        Column(ours, spare=2),
        Column(cut(baseline, _NAME), spare=2),
    ]
    columns += [Column("saved"), Column("95 % interval"), Column("kind", number=False, spare=1)]
    return Table(columns, rows)


def stages(policies: Mapping[str, Summary]) -> Table:
    """Return the active energy of every stage, by policy."""
    rows: _Rows = []
    for stage in stage_order(stage for summary in policies.values() for stage in summary.stages):
        cells = []
        for summary in policies.values():
            own, mean = summary.stages.get(stage), summary.costs["joules"].mean
            whole = (mean and mean["value"]) or 0.0
            share = (own.mean["value"] or 0.0) / whole if own and whole else None
            cells.append(_energy(own.mean, share, bar=len(policies) == 1) if own else "–")
        rows.append([Cell(stage, shade=shade_of(stage)), *cells])
    return Table([Column("stage"), *_columns(policies)], rows)


def shade_of(stage: str) -> str:
    """Return the class of a stage's colour."""
    return SHADES.get(stage, "base")


def options(policies: Mapping[str, Summary], overall: Summary, where: Where) -> Table:
    """Return the options that queries ended with, by policy; with bars where there is room."""
    bar = len(policies) <= (3 if where == "html" else 1)
    rows: _Rows = []
    for stage, taken in overall.options.items():
        name, ruled = stage, bool(rows)
        for option in taken:
            own = [summary.options.get(stage, {}).get(option, _NEVER) for summary in policies.values()]
            if any(share.share for share in own):
                rows.append(
                    Row([name, cut(option, _NAME), *(_shared(share, bar=bar) for share in own)], rule=ruled)
                )
                name, ruled = "", False
    columns = [Column("stage"), Column("option", number=False), *_columns(policies)]
    return Table(columns, rows, where=where, most=200)


def accounts(books: Accounts) -> Table:
    """Return the accounts with their meaning."""
    metered = books.metered["value"] or 0.0
    named = [
        (Cell(name, shade=ACCOUNT_SHADES[name]), figure, words.ACCOUNTS[name])
        for name, figure in books.accounts.items()
    ]
    if books.residual["value"]:
        lack = "what the accounts lack of the meter's sum"
        named.append((Cell("in no account", shade="base"), books.residual, lack))
    rows = [
        Row([name, _value(figure, "joules"), percent((figure["value"] or 0.0) / metered), about])
        for name, figure, about in named
        if metered
    ]
    rows.append(Row(["metered", _value(books.metered, "joules"), "", ""], style="strong", rule=True))
    columns = [Column("account"), Column("energy"), Column("share"), Column("", number=False)]
    return Table(columns, rows, where="html")


def drift(policy: str, own: Drift) -> Table:
    """Return the figures of a policy beside their calibration."""
    rows: _Rows = []
    for name, figure in own.figures.items():
        ends = [_estimate(one, figure.unit) for one in (figure.calibrated, figure.recent)]
        moved = Cell("moved" if figure.moved else "", style="bad")
        rows.append([cut(name, _NAME), *ends, words.change(figure), moved])
    columns = [Column("per query"), Column("calibrated"), Column("recent"), Column("change")]
    columns.append(Column("", number=False))
    return Table(columns, rows, f"{cut(policy, _NAME)} against its calibration")


def calls(models: Sequence[ModelRates]) -> list[Table]:
    """Return the cost of calls, a table a host."""
    titles = ("prompt token", "generated token", "call", "off by")
    columns = [Column("model", number=False), Column("", number=False), *map(Column, titles)]
    columns.append(Column("calls", spare=1))
    found = []
    for host, own in groupby(models, lambda model: model.host):
        rows: _Rows = []
        for model in own:
            name = cut(model.model, 60)
            if model.joules is None or model.seconds is None:
                rows.append([name, words.uncalibrated(model), *[""] * 5])
            else:
                rows.append([name, "energy", *_rates(model.joules, "joules"), f"{model.calls:,}"])
                rows.append(["", "time", *_rates(model.seconds, "seconds"), ""])
        found.append(Table(columns, rows, cut(host, 60)))
    return found


def _columns(policies: Mapping[str, Summary]) -> list[Column]:
    """Return a column a policy; a narrow terminal keeps the first and the baseline."""
    last = len(policies) - 1
    return [
        Column(cut(name, 24), spare=0 if number in (0, last) else last - number)
        for number, name in enumerate(policies)
    ]


def _value(figure: Figure | None, unit: str) -> str:
    return "–" if figure is None else amount(unit, figure["value"], noun=False)


def _energy(figure: Figure, share: float | None, *, bar: bool) -> Cell:
    text = _value(figure, "joules")
    return Cell(text) if share is None else Cell(text, percent(share), bar=share if bar else None)


def _shared(share: Share, *, bar: bool) -> Cell:
    text = percent(share.share) if share.share else "–"
    raised = f"↑{percent(share.escalated)}" if share.escalated else ""
    return Cell(text, raised, bar=share.share if bar else None)


def _estimate(one: Estimate, unit: str) -> Cell:
    value, low, high = (_text(value, unit) for value in (one.value, one.low, one.high))
    return Cell(value, f"({low} to {high})")


def _text(value: float, unit: str) -> str:
    if unit == "share":
        return percent(value)
    return digits(value) if unit == "signal" else amount(unit, value)


def _rates(rates: Rates, unit: str) -> list[str]:
    return [*(amount(unit, value) for value in (rates.input, rates.output, rates.call)), percent(rates.error)]

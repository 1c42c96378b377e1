"""The tables of a run's summary: quality, cost, and how often each option was taken."""

from collections.abc import Mapping

from dynamicrag.cost.amounts import amount, percent
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.ledger import Ledger
from dynamicrag.lab.report.figures import parts_of, share_saved
from dynamicrag.lab.summary import Quality, RunSummary
from dynamicrag.lab.view.page import Cell, Column, Row, Table
from dynamicrag.records import Figure

Summaries = Mapping[str, RunSummary]
"""By policy; the first is judged, a second is its baseline."""


def tables(summaries: Summaries) -> list[Table]:
    """Return the tables, with the policies side by side where there is a baseline."""
    return [_quality(summaries), _cost(summaries), _options(summaries)]


def process_line(ledger: Ledger) -> str:
    """Return the energy of the whole process; the questions used a part of it."""
    meter, totals = ledger.attribution.meter, ledger.attribution.totals
    joules = {
        name: amount("joules", getattr(totals, name))
        for name in ("metered", "active", "idle", "constant", "unexplained")
    }
    odd = f", {joules['unexplained']} beyond what the CPU time explains" if totals.unexplained else ""
    return (
        f"{joules['metered']} metered ({meter.name}, {meter.kind}), of these {joules['active']} used by "
        f"calls, {joules['idle']} idle (loading, waiting: no question's), {joules['constant']} constant "
        f"(memory){odd}"
    )


def _who(summaries: Summaries) -> list[Column]:
    return [Column("policy", number=False)] if len(summaries) > 1 else []


def _quality(summaries: Summaries) -> Table:
    columns = [Column("type"), *_who(summaries), Column("n"), Column("F1"), Column("EM")]
    columns += [Column("contains", spare=1), Column("notes", number=False, spare=2)]
    rows = []
    for kind in next(iter(summaries.values())).types:
        for name, summary in summaries.items():
            own = summary.types.get(kind)
            who = [name] if len(summaries) > 1 else []
            scores = [own.f1, own.em, own.contains] if own else [None] * 3
            figures = [str(own.questions if own else 0), *map(_score, scores)]
            note = _note(kind, own, summary) if own else ""
            rows.append(Row([kind or "all", *who, *figures, note], style="" if kind else "strong"))
    return Table(columns, rows, "Quality")


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _note(kind: str, own: Quality, summary: RunSummary) -> str:
    if kind == "unanswerable":
        return f"{percent(own.abstained)} abstained, {percent(1 - own.abstained)} invented"
    if kind == "greeting":
        return f"{percent(own.retrieved)} retrieved for"
    if not kind:
        counts = {"escalations": summary.escalations, "failed": summary.errors}
        notes = [f"{count} {name}" for name, count in counts.items() if count]
        return ", ".join([*notes, f"{percent(own.abstained)} abstained"])
    return f"{percent(own.abstained)} abstained" if own.abstained else ""


def _cost(summaries: Summaries) -> Table:
    columns = [Column(""), *_who(summaries), Column("mean"), Column("p50", spare=2), Column("p95", spare=1)]
    columns += [Column("total"), Column("of which", number=False, spare=3)]
    rows: list[Row] = []
    for name in DIMENSIONS:
        for policy, summary in summaries.items():
            own = summary.costs[name]
            who = [policy] if len(summaries) > 1 else []
            points = [_value(point, name) for point in (own.mean, own.p50, own.p95, own.total)]
            rows.append(Row([name, *who, *points, _kinds(own.total)]))
        if len(summaries) > 1:
            totals = [summary.costs[name].total for summary in summaries.values()]
            share = share_saved(*(figure and figure["value"] for figure in totals))
            text = "–" if share is None else percent(share)
            saved = Cell(text, style="good" if share and share > 0 else "")
            rows.append(Row(["", "saved", "", "", "", saved, ""], style="strong"))
    return Table(columns, rows, "Cost per question (joules: active)")


def _value(figure: Figure | None, unit: str) -> str:
    return "–" if figure is None else amount(unit, figure["value"], noun=False)


def _kinds(figure: Figure | None) -> str:
    if figure is None or figure["value"] is None:
        return "unknown"
    whole = figure["value"]
    return ", ".join(f"{percent(part / whole)} {kind}" for kind, part in parts_of(figure).items() if part)


def _options(summaries: Summaries) -> Table:
    alone = len(summaries) == 1
    rows: list[Row] = []
    for stage in dict.fromkeys(stage for summary in summaries.values() for stage in summary.options):
        label = stage
        shares = [summary.options.get(stage, {}) for summary in summaries.values()]
        for option in dict.fromkeys(option for own in shares for option in own):
            taken = [own.get(option, 0.0) for own in shares]
            cells = [Cell(percent(share), bar=share if alone else None) for share in taken]
            rows.append(Row([label, option, *cells]))
            label = ""
    columns = [Column("stage"), Column("option", number=False)]
    columns += [Column("" if alone else name) for name in summaries]
    return Table(columns, rows, "Share of the questions that took each option", most=200)

"""The report on the terminal: costs, savings, where the energy went, options, accounts."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dynamicrag.cli.console import joined, plain
from dynamicrag.cli.drift_tables import print_drift
from dynamicrag.cli.tables import BAR, plain_table
from dynamicrag.cli.units import joules, percent, seconds, short, usd
from dynamicrag.evaluation.report.figures import QUANTITIES, parts_of, stage_order
from dynamicrag.evaluation.report.make import why_unpaired

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from dynamicrag.evaluation.report.make import Report

ROWS = 20
COLUMNS = 5
_NEVER = {"share": 0.0, "escalated": 0.0}
_UNITS: Mapping[str, Callable[[float], str]] = {
    "joules": joules, "gco2e": lambda value: f"{short(value)} g", "usd": usd, "seconds": seconds,
    "tokens": lambda value: f"{value:,.0f}",
}  # fmt: skip


def print_report(out: "Console", report: "Report") -> None:
    """Print a report with at least one query.

    Args:
        out: Where.
        report: From :func:`~dynamicrag.evaluation.report.make_report`.
    """
    out.print(joined((_title(report), "bold")))
    for title, table in (
        ("Cost per query", _costs(report["overall"])),
        (f"By {report['selection']['by']}, per query (times: medians)", _groups(report)),
        ("Active joules per query by stage", _stages(report["policies"])),
        ("Share of the queries that ended with each option (↑: by escalation)", _options(report["policies"])),
    ):
        out.print()
        out.print(joined((title, "bold")))
        out.print(table)
    _saving(out, report["saving"])
    print_drift(out, report.get("drift") or {})
    out.print()
    out.print(_accounts(report["accounts"]), style="dim")
    for spec, fitted in report["calibration"].items():
        out.print(plain(_calibration(spec, fitted)), style="dim")
    for note in report["notes"]:
        out.print(f"note: {plain(note)}", style="yellow")


def _calibration(spec: str, fitted: Mapping[str, Any]) -> str:
    return (
        f"expected cost of {spec}: fitted from {fitted['calls']} calls on this host; median error of calls "
        f"held out {percent(fitted['joules_error'])} in joules, {percent(fitted['seconds_error'])} in seconds"
    )


def _title(report: "Report") -> str:
    overall, first, last = report["overall"], report["first"][:10], report["last"][:10]
    said = [f"{overall['queries']:,} queries", first if first == last else f"{first} to {last} (UTC)"]
    said += [f"{overall[key]:,} {key}" for key in ("failed", "abstained", "escalated") if overall[key]]
    return " · ".join(said)


def _costs(overall: Mapping[str, Any]) -> "Table":
    table = plain_table("", "mean>", "p50>", "p95>", "total>", "of which")
    table.columns[0].no_wrap = True
    for quantity in QUANTITIES:
        figures, unit = overall[quantity.name], _UNITS[quantity.unit]
        if figures["queries"]:
            points = (unit(figures[point]["value"]) for point in ("mean", "p50", "p95", "total"))
            table.add_row(quantity.title, *points, _provenance(figures["total"], quantity.unit))
    return table


def _provenance(figure: Mapping[str, Any], unit: str) -> str:
    if not figure["value"]:
        return ""
    parts = parts_of(figure)  # type: ignore[arg-type]
    said = str(figure["kind"])
    if len(parts) > 1:
        said = ", ".join(f"{percent(part / figure['value'])} {kind}" for kind, part in parts.items())
    bounds = f"; {_UNITS[unit](figure['low'])} to {_UNITS[unit](figure['high'])}" if "low" in figure else ""
    return said + bounds


def _groups(report: "Report") -> "Table":
    names = ("queries>", "failed>", "active>", "full>", "usd>", "answer>", "1st token>")
    table = plain_table(report["selection"]["by"], *names)
    for column in table.columns[1:]:  # it is the name that gives way on a narrow terminal
        column.no_wrap = True
    for name, summary in list(report["groups"].items())[:ROWS]:
        figures = (
            ("joules", "mean"), ("joules_full", "mean"), ("usd", "mean"), ("wall_seconds", "p50"),
            ("first_token_seconds", "p50"),
        )  # fmt: skip
        units = (joules, joules, usd, seconds, seconds)
        points = [summary[key][point] for key, point in figures]
        said = [unit(figure["value"]) if figure else "–" for unit, figure in zip(units, points, strict=True)]
        table.add_row(_name(name), f"{summary['queries']:,}", f"{summary['failed']:,}", *said)
    rest = len(report["groups"]) - ROWS
    if rest > 0:
        table.add_row(f"… and {rest:,} more: --csv or --json has them", style="dim")
    return table


def _name(name: str) -> str:
    cut = plain(name)
    return (cut if len(cut) <= 24 else cut[:23] + "…") or "(none)"


def _stages(policies: Mapping[str, Any]) -> "Table":
    shown = _shown(policies)
    table = plain_table("stage", *(f"{_name(policy)}>" for policy in shown), "")
    for stage in stage_order({stage for summary in shown.values() for stage in summary["stages"]}):
        cells, share = [], 0.0
        for summary in shown.values():
            figures, whole = summary["stages"].get(stage), summary["joules"]["mean"]["value"]
            value = figures["mean"]["value"] if figures else 0.0
            share = value / whole if whole else 0.0
            cells.append(f"{joules(value)} {percent(share):>5}" if figures else "–")
        table.add_row(stage, *cells, _bar(share) if len(shown) == 1 else "")
    return table


def _options(policies: Mapping[str, Any]) -> "Table":
    shown = _shown(policies)
    table = plain_table("stage", "option", *(f"{_name(policy)}>" for policy in shown), "")
    options: dict[str, dict[str, None]] = {}
    for summary in shown.values():
        for stage, shares in summary["options"].items():
            options.setdefault(stage, {}).update(dict.fromkeys(shares))
    for stage in stage_order(set(options)):
        label = stage
        for option in options[stage]:
            found = [summary["options"].get(stage, {}).get(option, _NEVER) for summary in shown.values()]
            bar = _bar(found[0]["share"]) if len(shown) == 1 else ""
            table.add_row(label, plain(option), *map(_share, found), bar)
            label = ""
    return table


def _share(found: Mapping[str, float]) -> str:
    if not found["share"]:
        return "–"
    raised = f"(↑{percent(found['escalated'])}) " if found["escalated"] else ""
    return raised + percent(found["share"])


def _shown(policies: Mapping[str, Any]) -> dict[str, Any]:
    """Return those that have a column; the last is the baseline, which is among them."""
    names = list(policies)
    kept = names if len(names) <= COLUMNS else [*names[: COLUMNS - 1], names[-1]]
    return {name: policies[name] for name in kept}


def _bar(share: float) -> str:
    return ("█" * round(BAR * share)).ljust(BAR, "·")


def _saving(out: "Console", saving: Mapping[str, Any]) -> None:
    out.print()
    out.print(joined((f"Saved against {plain(saving['baseline'])}", "bold")))
    if saving["note"]:
        out.print(plain(saving["note"]), style="dim", soft_wrap=True)
    for policy, comparison in saving["policies"].items():
        columns = ("mean>", f"{_name(saving['baseline'])}>", "saved>", "95 % interval>", "")
        table = plain_table(_name(policy), *columns)
        for quantity in QUANTITIES:
            figure = comparison["figures"].get(quantity.name)
            if figure is not None:
                unit, interval = _UNITS[quantity.unit], figure["interval"]
                means = (unit(figure[side]["value"]) for side in ("ours", "theirs"))
                sure = " to ".join(map(_saved, interval)) if interval else "–"
                kind = figure["kind"] if figure["value"] is not None else ""
                table.add_row(quantity.title, *means, _saved(figure["value"]), sure, kind)
        out.print(table)
        out.print(_basis(comparison), style="dim")


def _saved(share: float | None) -> str:
    return percent(None if share is None else round(share, 2) + 0.0)  # no minus before a zero


def _basis(comparison: Mapping[str, Any]) -> str:
    said = [
        f"{comparison['pairs']:,} questions answered under both"
        if comparison["paired"]
        else f"not paired: {why_unpaired(comparison)}"
    ]
    if comparison["left_out"]:
        said.append(f"left out, for one never answered them: {comparison['left_out']}")
    if comparison["failed"]:
        said.append(f"failed queries, charged to the answers: {comparison['failed']}")
    with_ingestion = comparison["figures"]["joules"].get("with_ingestion")
    if with_ingestion is not None:
        said.append(f"{_saved(with_ingestion)} of the active joules with all ingestion charged to both")
    return "; ".join(said)


def _accounts(books: Mapping[str, Any]) -> str:
    metered, meters = books["metered"], ", ".join(map(plain, books["meters"]))
    if not metered["value"]:
        return "no meter saw these queries: there are no accounts to add up"
    parts = ", ".join(
        f"{joules(figure['value'])} {name}" for name, figure in books["accounts"].items() if figure["value"]
    )
    sure = "not adding up" if books["residual"]["value"] else "adding up"
    return f"{joules(metered['value'])} metered ({meters}, {metered['kind']}), {sure} as: {parts}"

"""The report on the terminal: costs, where the energy went, options, savings, accounts, calibrations."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from dynamicrag.cli.console import joined, plain
from dynamicrag.cli.drift_tables import print_drift
from dynamicrag.cli.tables import BAR, plain_table, show
from dynamicrag.cli.units import amount, bare, joules, percent, seconds, spaced, usd
from dynamicrag.lab.report import terms
from dynamicrag.lab.report.calibrations import by_host
from dynamicrag.lab.report.figures import parts_of, quantities, stage_order

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from dynamicrag.lab.report.make import Report

ROWS = 20
COLUMNS, NARROW = 5, 18
"""Most policies side by side, and the characters that one takes."""

_NEVER = {"share": 0.0, "escalated": 0.0}


def print_report(out: "Console", report: "Report") -> None:
    """Print a report with at least one query.

    Args:
        out: Where.
        report: From :func:`~dynamicrag.lab.report.make_report`.
    """
    policies = _shown(report["policies"], out.width)
    hidden = len(report["policies"]) - len(policies)
    out.print(joined((_title(report), "bold")))
    _head(out, "Cost per query")
    show(out, _costs(report["overall"]), "p95", "p50", "of which")
    _head(out, f"By {report['selection']['by']}, per query (times: medians)")
    show(out, _groups(report), "1st token", "usd", "failed", "full")
    _head(out, "Active joules per query by stage")
    show(out, _stages(policies))
    _head(out, "Share of the queries that ended with each option (↑: by escalation)")
    show(out, _options(policies, report["overall"]["options"]))
    if hidden:
        out.print(f"({len(policies)} of {len(report['policies'])} policies shown)", style="dim")
    _saving(out, report["saving"])
    print_drift(out, report.get("drift") or {})
    _accounts(out, report["accounts"])
    for host, entries in by_host(report["calibrations"]).items():
        _head(out, f"What a call costs on {plain(host)}")
        show(out, _calibrations(entries), "calls")
    if report["calibrations"]:
        _say(out, terms.CALLS)
    if report["notes"]:
        out.print()
    for note in report["notes"]:
        out.print(f"note: {_words(note)}", style="yellow")


def _head(out: "Console", title: str) -> None:
    out.print()
    out.print(joined((title, "bold")))


def _say(out: "Console", text: str) -> None:
    out.print(_words(text), style="dim")


def _words(text: str) -> str:
    return plain(spaced(text))


def _calibrations(entries: Sequence[Mapping[str, Any]]) -> "Table":
    table = plain_table("model", "", "prompt>", "answer>", "call>", "off by>", "calls>")
    for entry in entries:
        label = plain(entry["model"])
        if entry["joules"] is None:
            table.add_row(label, terms.uncalibrated(entry))
            continue
        for unit, said in (("joules", "energy"), ("seconds", "time")):
            rates = entry[unit]
            figures = (amount(unit, rates[part]) for part in ("input", "output", "call"))
            table.add_row(
                label, said, *figures, percent(rates["error"]), f"{entry['calls']}" if label else ""
            )
            label = ""
    return table


def _title(report: "Report") -> str:
    overall, first, last = report["overall"], report["first"][:10], report["last"][:10]
    said = [f"{overall['queries']:,} queries", first if first == last else f"{first} to {last} (UTC)"]
    said += [f"{overall[key]:,} {key}" for key in ("failed", "abstained", "escalated") if overall[key]]
    return " · ".join(said)


def _costs(overall: Mapping[str, Any]) -> "Table":
    table = plain_table("", "mean>", "p50>", "p95>", "total>", "of which")
    table.columns[0].no_wrap = True
    for quantity in quantities().values():
        figures, unit = overall[quantity.name], _amount_of(quantity.unit)
        if figures["queries"]:
            points = (unit(figures[point]["value"]) for point in ("mean", "p50", "p95", "total"))
            table.add_row(quantity.title, *points, _provenance(figures["total"], quantity.unit))
    return table


def _amount_of(dimension: str) -> Callable[[float | None], str]:
    if dimension == "tokens":
        return lambda value: f"{value or 0:,.0f}"  # a count has no fractions to tell
    return partial(bare, dimension)


def _provenance(figure: Mapping[str, Any], unit: str) -> str:
    parts = parts_of(figure)  # type: ignore[arg-type]
    if figure["value"] is None:
        return f"{bare(unit, sum(parts.values()))} known" if parts else ""
    if not figure["value"]:
        return ""
    said = str(figure["kind"])
    if len(parts) > 1:
        said = ", ".join(f"{percent(part / figure['value'])} {kind}" for kind, part in parts.items())
    bounds = f"; {bare(unit, figure['low'])} to {bare(unit, figure['high'])}" if "low" in figure else ""
    return said + bounds


def _groups(report: "Report") -> "Table":
    names = ("queries>", "failed>", "active>", "full>", "usd>", "answer>", "1st token>")
    table = plain_table(report["selection"]["by"], *names)
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


def _stages(shown: Mapping[str, Any]) -> "Table":
    table = plain_table("stage", *(f"{_name(policy)}>" for policy in shown), "")
    for stage in stage_order({stage for summary in shown.values() for stage in summary["stages"]}):
        cells, share = [], 0.0
        for summary in shown.values():
            figures, whole = summary["stages"].get(stage), summary["joules"]["mean"]["value"]
            value = figures["mean"]["value"] if figures else 0.0
            share = value / whole if whole else 0.0
            cells.append(f"{joules(value)} {percent(share):>6}" if figures else "–")
        table.add_row(stage, *cells, _bar(share) if len(shown) == 1 else "")
    return table


def _options(shown: Mapping[str, Any], options: Mapping[str, Mapping[str, Any]]) -> "Table":
    table = plain_table("stage", "option", *(f"{_name(policy)}>" for policy in shown), "")
    for stage, taken in options.items():
        label = stage
        for option in taken:
            found = [summary["options"].get(stage, {}).get(option, _NEVER) for summary in shown.values()]
            if not any(share["share"] for share in found):
                continue
            bar = _bar(found[0]["share"]) if len(shown) == 1 else ""
            table.add_row(label, plain(option), *map(_share, found), bar)
            label = ""
    return table


def _share(found: Mapping[str, float]) -> str:
    if not found["share"]:
        return "–"
    raised = f"(↑{percent(found['escalated'])}) " if found["escalated"] else ""
    return raised + percent(found["share"])


def _shown(policies: Mapping[str, Any], width: int) -> dict[str, Any]:
    """Return those that have a column; the last is the baseline, which is among them."""
    names = list(policies)
    room = max(1, min(COLUMNS, width // NARROW - 1))
    kept = names if len(names) <= room else [*names[: room - 1], names[-1]]
    return {name: policies[name] for name in kept}


def _bar(share: float) -> str:
    return ("█" * round(BAR * share)).ljust(BAR, "·")


def _saving(out: "Console", saving: Mapping[str, Any]) -> None:
    _head(out, f"Saved against {plain(saving['baseline'])}")
    if saving["note"]:
        out.print(plain(saving["note"]), style="dim", soft_wrap=True)
    for policy, comparison in saving["policies"].items():
        columns = ("mean>", "baseline>", "saved>", "95 % interval>", "kind")
        table = plain_table(_name(policy), *columns)
        for quantity in quantities().values():
            figure = comparison["figures"].get(quantity.name)
            if figure is not None:
                unit, saved = _amount_of(quantity.unit), figure["value"]
                means = (unit(figure[side]["value"]) for side in ("ours", "theirs"))
                kind = figure["kind"] if saved is not None else ""
                table.add_row(quantity.title, *means, percent(saved), spaced(terms.interval(figure)), kind)
        show(out, table, "kind", "mean", "baseline")
        _say(out, f"{terms.basis(comparison)}.")
        for caveat in terms.caveats(comparison):
            _say(out, caveat)


def _accounts(out: "Console", books: Mapping[str, Any]) -> None:
    _head(out, "Whose energy it was")
    _say(out, terms.accounts_line(books))
    if books["metered"]["value"]:
        named = books["accounts"].items()
        out.print(" + ".join(f"{joules(f['value'])} {name}" for name, f in named if f["value"]), style="dim")

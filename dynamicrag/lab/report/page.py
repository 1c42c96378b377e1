"""The report as one HTML document.

Names of policies, threads, options and models are untrusted: all text passes through
:func:`.display.safe`; the frame's content security policy forbids whatever else might run.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.report import panels, terms
from dynamicrag.lab.report.drift_panel import drift_panel
from dynamicrag.lab.report.figures import parts_of, quantities
from dynamicrag.lab.report.frame import document
from dynamicrag.lab.report.make import Report
from dynamicrag.lab.report.markup import Cells, Tiles, banner, cell, glossary, head, section, table
from dynamicrag.lab.report.records import Turn
from dynamicrag.lab.report.saved import saving_panel, sure, with_code
from dynamicrag.lab.report.selection import By, grouped
from dynamicrag.lab.view.amounts import SPACE, amount, percent, reach, safe

ROWS = 50
"""Most groups in a table; the files for machines have all of them."""


def _columns() -> list[tuple[str, str, str]]:
    """Return the columns of a table of groups: quantity, statistic and heading."""
    follow = [(row.name, "mean", quantities()[row.name].title) for row, _ in DIMENSIONS.derived]
    return [
        ("joules", "mean", "active energy"), ("joules", "p50", "active, p50"),
        ("joules", "p95", "active, p95"), ("joules_full", "mean", "full energy"), *follow,
        ("usd", "mean", "money"), ("tokens", "mean", "tokens"), ("wall_seconds", "p50", "answer, p50"),
        ("first_token_seconds", "p50", "first token, p50"),
    ]  # fmt: skip


ONLY = ("policy", "thread", "tag", "user")
"""What a report may be about alone."""


def to_html(report: Report, turns: Sequence[Turn], now: datetime | None = None) -> str:
    """Return the document.

    Args:
        report: From :func:`~dynamicrag.lab.report.make.make_report`.
        turns: The selected queries, oldest first, at least one.
        now: When it is made.
    """
    return document(
        name="report", command="dynamicrag report", header=_header(report),
        body="".join(_sections(report, turns)), absent="No prompts and no answers are in this file.", now=now,
    )  # fmt: skip


def _sections(report: Report, turns: Sequence[Turn]) -> list[str]:
    baseline, policies = report["selection"]["baseline"], report["policies"]
    by_policy = grouped(turns, By.policy, baseline)
    overall, books = report["overall"], report["accounts"]
    hidden = len(policies) - panels.DRAWN
    more = f" {panels.DRAWN} of {len(policies)} policies are drawn." if hidden > 0 else ""
    found = [
        _groups(report),
        section("What routing saved", terms.SAVING, saving_panel(report["saving"])),
        section("Energy over time", terms.OVER_TIME + more, panels.over_time(by_policy)),
        section(
            "How it spreads",
            terms.DISTRIBUTION + more,
            panels.distribution(by_policy, policies, baseline),
        ),
        section("Where in a query it goes", terms.STAGES, panels.by_stage(policies)),
        section("Whose energy it was", safe(terms.accounts_line(books), 1000), panels.by_account(books)),
        section("Which options were taken", terms.OPTIONS + more, panels.options(policies)),
    ]
    if overall["wall_seconds"]["queries"]:
        found.append(section("How long people waited", terms.LATENCY, panels.latency(policies)))
    if report.get("drift"):
        found.append(section("Whether it is as calibrated", terms.DRIFT, drift_panel(report["drift"])))
    if report["calibrations"]:
        found.append(
            section("What a call costs here", terms.CALLS, panels.calibrated(report["calibrations"]))
        )
    words = {word: f"{safe(text, 1000)}." for word, text in terms.glossary(report).items()}
    found.append(section("What the numbers mean", terms.MEANING, glossary(words)))
    return found


def _header(report: Report) -> str:
    overall, first, last = report["overall"], report["first"], report["last"]
    days = first[:10] if first[:10] == last[:10] else f"{first[:10]} to {last[:10]}"
    chosen = report["selection"]
    only = [f"{name} {safe(chosen[name])}" for name in ONLY if chosen[name]]
    kicker = " · ".join([f"{overall['queries']:,} queries", *only, f"{days} (UTC)"])
    title, lede = _headline(report)
    return banner(kicker, title, lede, _tiles(overall), [safe(note, 400) for note in report["notes"]])


def _headline(report: Report) -> tuple[str, str]:
    """Return the finding in a sentence, and what it rests on."""
    saving, overall = report["saving"], report["overall"]
    # the same questions under both say more than many different ones
    compared = max(
        saving["policies"].items(), key=lambda item: (item[1]["paired"], item[1]["queries"]), default=None
    )
    if compared is None or compared[1]["figures"]["joules"]["value"] is None:
        mean = overall["joules"]["mean"]
        note = with_code(saving["note"] or f"the baseline {saving['baseline']} took no energy")
        return (
            f"A query took {amount('joules', mean['value'])} of active energy",
            f"On average, over {overall['queries']:,} queries. What routing saves is not known ({note}).",
        )
    policy, comparison = compared
    figure = comparison["figures"]["joules"]
    saved = figure["value"]
    style, word = ("", "less") if saved >= 0 else (' class="worse"', "more")
    share, than = f"{percent(abs(saved))} {word}", f"energy than {safe(saving['baseline'])}"
    if sure(figure):
        title = f"{safe(policy)} took <em{style}>{share}</em> {than}"
    else:
        title = f"{safe(policy)} took {share} {than}, which may be chance"
    ours, theirs = (amount("joules", figure[side]["value"]) for side in ("ours", "theirs"))
    means = f"{ours} a query instead of {theirs} (active, {figure['kind']})"
    reach = terms.interval(figure) if figure["interval"] else "not known"
    basis = f"{safe(terms.basis(comparison))}; the 95{SPACE}% interval of the saving is {reach}"
    return title, f"{means}, {basis}."


def _tiles(overall: Mapping[str, Any]) -> Tiles:
    outcome = ", ".join(
        f"{overall[key]:,} {key}" for key in ("failed", "abstained", "escalated") if overall[key]
    )
    tiles = [("queries", f"{overall['queries']:,}", outcome or "all answered")]
    for name, point, title in (
        ("joules", "total", "active energy"),
        ("joules_full", "total", "full energy"),
        *((row.name, "total", quantities()[row.name].title) for row, _ in DIMENSIONS.derived),
        ("usd", "total", "money"),
        ("tokens", "total", "tokens"),
        ("wall_seconds", "p50", "median time to the answer"),
        ("first_token_seconds", "p50", "median time to the first token"),
    ):
        figure, unit = overall[name][point], quantities()[name].unit
        known = figure is not None
        tiles.append(
            (title, amount(unit, figure["value"]), _provenance(figure, unit)) if known else (title, "–", "")
        )
    return tiles


def _provenance(figure: Mapping[str, Any], unit: str) -> str:
    """Return how a figure came about, and how far off an estimate may be."""
    value, parts = figure["value"], parts_of(figure)  # type: ignore[arg-type]
    if value is None:
        return f"{amount(unit, sum(parts.values()))} known" if parts else ""
    if not value:
        return ""
    said = figure["kind"]
    if len(parts) > 1:
        said = ", ".join(f"{percent(part / value)} {kind}" for kind, part in parts.items())
    if "low" in figure:
        said += f"; {reach(unit, figure['low'], figure['high'])}"
    return str(said)


def _groups(report: Report) -> str:
    by, groups = report["selection"]["by"], report["groups"]
    rows = [_group_row(name, summary) for name, summary in list(groups.items())[:ROWS]]
    header = [by, "queries", *(title for _, _, title in _columns()), "failed", "abstained", "escalated"]
    total = _group_row("all", report["overall"]) if len(groups) > 1 else ()
    rest = len(groups) - len(rows)
    more = f'<p class="small">{rest:,} more are in the files of --csv and --json.</p>' if rest > 0 else ""
    about = terms.GROUPS + (f" The {by} that took most in all comes first." if by in ONLY[1:] else "")
    return section(f"By {by}", about, table(header, rows, total, wide=True) + more)


def _group_row(name: str, summary: Mapping[str, Any]) -> Cells:
    figures = ((quantities()[key].unit, summary[key][point]) for key, point, _ in _columns())
    amounts = (amount(unit, figure["value"], noun=False) if figure else "–" for unit, figure in figures)
    return [
        head(safe(name or "(none)", 40), safe(name, 400)),
        cell(f"{summary['queries']:,}"),
        *map(cell, amounts),
        *(cell(f"{summary[key]:,}") for key in ("failed", "abstained", "escalated")),
    ]

"""The drawn parts of the HTML report: a panel per question that a reader may have."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import ceil
from typing import Any, TypeVar

from dynamicrag.lab.report import charts, terms
from dynamicrag.lab.report.accounts import ACCOUNTS
from dynamicrag.lab.report.calibrations import by_host
from dynamicrag.lab.report.figures import stage_order
from dynamicrag.lab.report.markup import Cells, card, cell, head, key, legend, table
from dynamicrag.lab.report.records import Turn
from dynamicrag.lab.view.amounts import amount, cut, percent, reach, safe

SHADES: Mapping[str, str] = {
    "generator": "c0", "retrieval": "c1", "retriever": "c2", "context": "c3", "prompt": "c4",
    "verification": "c5", "condense": "c6",
}  # fmt: skip
_ACCOUNT_SHADES = dict(zip(ACCOUNTS, ("c0", "c2", "rest", "rest2", "c6", "c3"), strict=True))
OVERHEAD = "share of idle and constant"
BARS, BINS = 60, 24
DRAWN = 6
"""Most policies that are drawn one by one."""

Policies = Mapping[str, Sequence[Turn]]
_T = TypeVar("_T")


def shade_of(stage: str) -> str:
    """Return the class of a stage's series."""
    return SHADES.get(stage, "c7")


def over_time(policies: Policies) -> str:
    """Return the joules of query after query, by stage, with the share of what no query used on top."""
    series = {policy: _columns(turns) for policy, turns in _drawn(policies).items()}
    top = max(sum(column.parts.values()) for columns in series.values() for column in columns)
    cards = []
    for policy, columns in series.items():
        size = _bin_size(len(policies[policy]))
        about = "every bar is a query" if size == 1 else f"every bar is the mean of {size} queries in a row"
        title = f"Joules per query over time, {policy}, by stage; {about}"
        chart = charts.bars(title, columns, top, "joules")
        cards.append(card(chart, safe(policy), about))
    stages = stage_order({stage for turns in policies.values() for turn in turns for stage in turn["stages"]})
    shown = [(shade_of(stage), safe(stage)) for stage in stages]
    return "".join(cards) + legend([*shown, ("rest", OVERHEAD)])


def _bin_size(number: int) -> int:
    return ceil(number / BARS)


def _columns(turns: Sequence[Turn]) -> list[charts.Column]:
    size = _bin_size(len(turns))
    return [_column(turns[begin : begin + size]) for begin in range(0, len(turns), size)]


def _column(turns: Sequence[Turn]) -> charts.Column:
    parts: dict[str, float] = {}
    named = []
    for stage in stage_order({stage for turn in turns for stage in turn["stages"]}):
        joules = sum(turn["stages"][stage]["joules"]["value"] for turn in turns if stage in turn["stages"])
        shade = shade_of(stage)
        parts[shade] = parts.get(shade, 0.0) + joules / len(turns)
        if joules:
            named.append(f"{stage} {amount('joules', joules / len(turns))}")
    active = sum(turn["cost"]["joules"]["value"] for turn in turns) / len(turns)
    full = sum(turn["full"]["joules"]["value"] for turn in turns) / len(turns)
    parts["rest"] = max(0.0, full - active)
    at = datetime.fromtimestamp(turns[0]["at"], UTC)
    about = f"{at:%Y-%m-%d %H:%M} UTC: {amount('joules', active)} active ({', '.join(named)}), "
    return charts.Column(f"{at:%d %b %H:%M}", f"{about}{amount('joules', full)} full", parts)


def distribution(policies: Policies, summaries: Mapping[str, Any], baseline: str) -> str:
    """Return how active joules spread over the queries, every policy on the same scale."""
    shown = _drawn(policies)
    values = {policy: [t["cost"]["joules"]["value"] for t in turns] for policy, turns in shown.items()}
    most = max(max(own) for own in values.values())
    width = charts.ticks(most, BINS)[1]
    bins = max(1, ceil(most / width))
    edges = [width * number for number in range(bins + 1)]
    counts = {policy: [0] * bins for policy in values}
    for policy, own in values.items():
        for value in own:
            counts[policy][min(bins - 1, max(0, int(value / width)))] += 1
    top = max(max(own) / max(1, sum(own)) for own in counts.values())
    cards = []
    for policy, own in counts.items():
        marks = {name: summaries[policy]["joules"][name]["value"] for name in ("p50", "p95")}
        title = f"Which share of the queries took how many active joules, {policy}"
        shade = "base" if policy == baseline and len(values) > 1 else "c0"
        chart = charts.histogram(title, own, edges, top, "joules", marks, shade)
        cards.append(card(chart, safe(policy), f"{sum(own)} queries"))
    return f'<div class="two">{"".join(cards)}</div>'


def by_stage(summaries: Mapping[str, Any]) -> str:
    """Return where in a query its active joules go, on average."""
    shown = _drawn(summaries)
    most = max(summary["joules"]["mean"]["value"] for summary in shown.values())
    strips = []
    for policy, summary in shown.items():
        means = {stage: figures["mean"]["value"] for stage, figures in summary["stages"].items()}
        parts = [(shade_of(stage), f"{stage} {amount('joules', own)}", own) for stage, own in means.items()]
        mean = amount("joules", summary["joules"]["mean"]["value"])
        chart = charts.strip(f"Active joules per query by stage, {policy}: {mean} in all", parts, most)
        strips.append(f"<h3>{safe(policy)} <span>· {mean} a query</span></h3>{chart}")
    stages = stage_order({stage for summary in shown.values() for stage in summary["stages"]})
    rows = []
    for stage in stages:
        cells = [_staged(summary, stage) for summary in shown.values()]
        rows.append([head(key(shade_of(stage)) + safe(stage)), *cells])
    return card("".join(strips)) + table(["stage", *(safe(policy, 32) for policy in shown)], rows)


def _staged(summary: Mapping[str, Any], stage: str) -> str:
    figures, whole = summary["stages"].get(stage), summary["joules"]["mean"]["value"]
    if figures is None or not whole:
        return cell("–")
    mean = figures["mean"]["value"]
    return cell(f'{amount("joules", mean)} <span class="small">{percent(mean / whole)}</span>')


def by_account(books: Mapping[str, Any]) -> str:
    """Return whose the metered energy was."""
    whole = books["metered"]["value"]
    parts = [
        (_ACCOUNT_SHADES[name], f"{name} {amount('joules', figure['value'])}", figure["value"])
        for name, figure in books["accounts"].items()
    ]
    chart = charts.strip(f"{amount('joules', whole)} metered, by account", parts, max(whole, _sum(parts)), 34)
    named = [
        (key(_ACCOUNT_SHADES[name]) + name, figure["value"], ACCOUNTS[name])
        for name, figure in books["accounts"].items()
    ]
    if residual := books["residual"]["value"]:
        named.append(("in no account", residual, "what the accounts lack of the meter's sum"))
    rows: list[Cells] = [
        [
            head(f'{name}<span class="about">{about}</span>'),
            cell(amount("joules", value)),
            cell(percent(value / whole) if whole else "–"),
        ]
        for name, value, about in named
    ]
    total = [head("metered"), cell(amount("joules", whole)), cell("")]
    return card(chart) + table(["account", "energy", "share"], rows, total)


def options(summaries: Mapping[str, Any]) -> str:
    """Return which option the queries ended with at every stage, and how many came to it by escalation."""
    cards = []
    for policy, summary in _drawn(summaries).items():
        lines = []
        for stage, shares in summary["options"].items():
            lines.append(f"<h4>{safe(stage)}</h4>")
            for option, share in shares.items():
                first, raised = share["share"] - share["escalated"], share["escalated"]
                title = f"{policy}, {stage}, {option}: {percent(share['share'])} of the queries"
                parts = [("c0", "at once", first), ("c5", f"{percent(raised)} by escalation", raised)]
                chart = charts.strip(title, parts, 1.0, 10)
                lines.append(f'<span>{safe(option)}</span><div class="track">{chart}</div>')
                lines.append(f"<b>{percent(share['share'])}</b>")
        cards.append(card(f'<div class="options">{"".join(lines)}</div>', safe(policy)))
    shown = legend([("c0", "chosen at once"), ("c5", "come to by escalation")])
    return f'<div class="two">{"".join(cards)}</div>{shown}'


def latency(summaries: Mapping[str, Any]) -> str:
    """Return how long people waited: the median, and up to the 95th percentile."""
    rows = []
    for policy, summary in _drawn(summaries).items():
        named = (("first_token_seconds", "to the first token", "c4"), ("wall_seconds", "to the answer", "c0"))
        for name, what, shade in named:
            if summary[name]["queries"]:
                low, high = (summary[name][point]["value"] for point in ("p50", "p95"))
                text = reach("seconds", low, high)
                rows.append(charts.Span(f"{cut(policy, 32)} {what}", low, low, high, text, shade))
    marks = [(mark, amount("seconds", mark, brief=True)) for mark in charts.ticks(max(r.high for r in rows))]
    return card(charts.spans("Waiting time, median to 95th percentile", rows, marks))


def calibrated(entries: Sequence[Mapping[str, Any]]) -> str:
    """Return what calls of local models cost, by host."""
    parts = []
    for host, own in by_host(entries).items():
        rows: list[Cells] = []
        for entry in own:
            fitted = entry["joules"] is not None
            about = f"{entry['calls']:,} calls" if fitted else terms.uncalibrated(entry)
            name = f'{safe(entry["model"], 60)} <span class="small">· {safe(about)}</span>'
            rows.append([f'<th scope="rowgroup" colspan="5">{name}</th>'])
            if fitted:
                rows += [_rates(unit, entry[unit]) for unit in ("joules", "seconds")]
        names = ("", "prompt token", "generated token", "call", "off by")
        parts.append(f"<h3>{safe(host)}</h3>{table(names, rows)}")
    return "".join(parts)


def _rates(unit: str, rates: Mapping[str, float]) -> Cells:
    amounts = (cell(amount(unit, rates[part])) for part in ("input", "output", "call"))
    return [head("energy" if unit == "joules" else "time"), *amounts, cell(percent(rates["error"]))]


def _drawn(by_policy: Mapping[str, _T]) -> dict[str, _T]:
    """Return those that are drawn one by one; the last is the baseline, which is among them."""
    names = list(by_policy)
    kept = names if len(names) <= DRAWN else [*names[: DRAWN - 1], names[-1]]
    return {name: by_policy[name] for name in kept}


def _sum(parts: Sequence[tuple[str, str, float]]) -> float:
    return sum(value for _, _, value in parts)

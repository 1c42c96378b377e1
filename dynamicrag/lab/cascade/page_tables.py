"""The tables of the page on escalation."""

from collections.abc import Mapping, Sequence
from typing import Any

from dynamicrag.lab.report import charts
from dynamicrag.lab.report.markup import Cells, card, cell, head, key, table
from dynamicrag.lab.routing.page_words import SURE, between, points, reach, share, unit_of
from dynamicrag.lab.view.amounts import percent, safe

UNANSWERED = ("abstained", "invented", "wrongly_abstained")
BASELINES = ("router", "always_strong", "always_weak", "best_single", "oracle")


def policies(found: Mapping[str, Any]) -> str:
    """Return policies and baselines, best first."""
    unit = unit_of(found)
    named = [
        (key(f"c{n}" if n < 5 else "rest2") + safe(name, 40), found["policies"][name])
        for n, name in enumerate(found["ranking"])
    ]
    named += [(f'<span class="small">{safe(name)}</span>', found["baselines"][name]) for name in BASELINES]
    rows: list[Cells] = []
    for label, own in named:
        chosen = own["chosen"]
        sure = chosen["gain"] > 0 and chosen.get("p_holm", 1.0) < SURE
        rows.append([
            head(label), cell(f"{share(chosen['quality'])} {reach(chosen['intervals']['quality'])}"),
            cell(unit(chosen["cost"])), cell(points(chosen["gain"]), "good" if sure else ""),
            cell(percent(chosen["escalated"])), cell(percent(chosen["abstained"])),
            cell(_percent(own["saving"])), cell(share(own["best"]["quality"])),
        ])  # fmt: skip
    header = ["", "quality", "cost", "gain", "escalated", "abstained", "saved", "best"]
    return table(header, rows, wide=True)


def over_router(found: Mapping[str, Any]) -> str:
    """Return the policies' differences to the router at equal cost, drawn."""
    rows = []
    for number, name in enumerate(found["ranking"]):
        own = found["policies"][name]["over_router"]
        value = own["difference"]
        low, high = own["interval"] or (value, value)
        text = f"{points(value)} at {unit_of(found)(own['cost'])}"
        rows.append(charts.Span(name, low, value, high, text, f"c{number}" if number < 5 else "base"))
    most = max(0.01, *(abs(end) for row in rows for end in (row.low, row.high)))
    scale = charts.ticks(most, 2)
    marks = [(sign * value, points(sign * value)) for sign in (-1, 1) for value in scale[1:]]
    return charts.spans("Difference to the router at equal cost", rows, sorted([*marks, (0.0, "0")]))


def stages(found: Mapping[str, Any]) -> str:
    """Return what further drafts changed, by policy."""
    unit = unit_of(found)
    rows: list[Cells] = [
        [
            head(safe(name, 40)), cell(safe(" + ".join(own["stages"]))), cell(f"{own['queries']:,}"),
            cell(f'{points(own["gain"])} <span class="small">{between(own["interval"])}</span>'),
            cell(unit(own["cost"])),
        ]
        for name in found["ranking"] for own in found["policies"][name]["stages"]
    ]  # fmt: skip
    return table(["policy", "changed", "queries", "quality added", "cost added"], rows, wide=True)


def verifiers(found: Mapping[str, Any]) -> str:
    """Return the signals, the most telling first."""
    data, unit = found["verifiers"], unit_of(found)
    rows: list[Cells] = []
    for name in telling(found):
        own, ends = data[name], data[name]["intervals"]
        of = found["data"]["drafts"]
        rows.append([
            head(safe(name, 40)), cell(f"{share(own['auroc'])} {reach(ends['auroc'])}"),
            cell(share(own["ece_raw"])), cell(f"{share(own['ece'])} {reach(ends['ece'])}"),
            cell(share(own["brier"])), cell("–" if own["cost"] is None else unit(own["cost"])),
            cell(_percent(own["cost_share"])), cell(percent(own["drafts"] / of)), cell(f"{own['drafts']:,}"),
        ])  # fmt: skip
    header = [
        "signal", "AUROC", "ECE, raw", "ECE", "Brier", "cost a draft", "of the draft's", "coverage", "drafts",
    ]  # fmt: skip
    return table(header, rows, wide=True)


def telling(found: Mapping[str, Any]) -> list[str]:
    """Return the signals, the most telling first."""
    data = found["verifiers"]
    return sorted(data, key=lambda name: -abs((data[name]["auroc"] or 0.5) - 0.5))


def counts(bins: Sequence[Mapping[str, Any]]) -> str:
    """Return how many drafts stand behind a bin, in words."""
    drafts = [own["drafts"] for own in bins]
    low, high = min(drafts), max(drafts)
    return f"{sum(drafts):,} drafts, {low if low == high else f'{low}–{high}'} a bin"


def conformal(found: Mapping[str, Any]) -> str:
    """Return target and realised coverage."""
    levels = found["conformal"]["levels"].values()
    told = [own for own in levels if own["coverage"] is not None]
    spans = []
    for own in told:
        low, high = own["interval"] or (own["coverage"], own["coverage"])
        text = f"{share(own['coverage'])} realised"
        spans.append(charts.Span(f"target {share(own['target'])}", low, own["coverage"], high, text))
    marks = [(mark, f"{mark:g}") for mark in (0.0, 0.25, 0.5, 0.75, 1.0)]
    drawn = card(charts.spans("Realised coverage of conformal sets", spans, marks)) if spans else ""
    rows: list[Cells] = [
        [
            head(share(own["target"])), cell(f"{share(own['coverage'])} {reach(own['interval'])}"),
            cell(f"{own['size']:.2f}"), cell(percent(own["single"])),
        ]
        for own in levels
    ]  # fmt: skip
    return drawn + table(["target", "coverage", "mean size", "of one"], rows)


def unanswerable(found: Mapping[str, Any]) -> str:
    """Return what came of questions without an answer."""
    named = {safe(name, 40): found["policies"][name] for name in found["ranking"]}
    named |= {f'<span class="small">{name}</span>': found["baselines"][name] for name in BASELINES}
    rows: list[Cells] = [
        [head(label), *(_counted(own["unanswerable"][key]) for key in UNANSWERED)]
        for label, own in named.items()
    ]
    return table(["", "abstained", "invented", "wrongly abstained"], rows)


def origin(found: Mapping[str, Any]) -> str:
    """Return where the figures come from, in a sentence."""
    data = found["data"]
    how = f"judged in turns, {data['folds']} folds" if data["folds"] else f"judged by {safe(data['test'])}"
    return (
        f"Learnt from {data['learnt_queries']:,} queries of {safe(data['train'])}, {how}; "
        f"{data['bootstrap']:,} bootstrap samples, seed {data['seed']}. What verifiers take is within the "
        "cost of every draft that they judge."
    )


def _counted(own: Mapping[str, Any]) -> str:
    """Return a share with its count and its interval."""
    ends = own["interval"]
    within = "" if ends is None else f", {percent(ends[0])} to {percent(ends[1])}"
    return cell(f'{_percent(own["share"])} <span class="small">{own["count"]:,}{within}</span>')


def _percent(value: float | None) -> str:
    return "–" if value is None else percent(value)

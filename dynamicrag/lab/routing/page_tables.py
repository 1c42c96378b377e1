"""The tables of an evaluation's page."""

from collections.abc import Callable, Mapping
from typing import Any

from dynamicrag.lab.report import charts
from dynamicrag.lab.report.markup import Cells, card, cell, head, key, table
from dynamicrag.lab.routing.page_words import SURE, points, reach, share, unit_of
from dynamicrag.lab.view.amounts import amount, percent, safe

ROWS, CALLED = 40, 15
_BASELINES = ("oracle", "oracle_cheapest", "best_single", "cheapest", "random")


def routers(found: Mapping[str, Any]) -> str:
    """Return routers and baselines, best first."""
    unit, pair = unit_of(found), "weak" in found["data"]
    extra = ("APGR", "CPT(50)", "CPT(80)") if pair else ("gap", "area")
    header = [
        "router",
        "quality",
        "cost",
        "gain",
        "p",
        "saved",
        "saved at −1 pt",
        *extra,
        "µs a decision",
        "training",
    ]
    rows: list[Cells] = []
    for number, name in enumerate(found["ranking"][:ROWS]):
        label = key(f"c{number}" if number < 6 else "rest2") + safe(name, 40)
        rows.append(_router(label, found["routers"][name], unit, pair, timed=True))
    rows += [_router(name, found["baselines"][name], unit, pair, timed=False) for name in _BASELINES]
    return table(header, rows, wide=True)


def _router(
    label: str, own: Mapping[str, Any], unit: Callable[[float], str], pair: bool, *, timed: bool
) -> Cells:
    ends = own["intervals"]
    if pair:
        extra = [
            f"{share(own.get('apgr'))} {reach(ends.get('apgr'))}",
            *(percent(own[name]) if own.get(name) is not None else "–" for name in ("cpt50", "cpt80")),
        ]
    else:
        closed = own["gap_closed"]
        extra = ["–" if closed is None else percent(closed), share(own["area"])]
    p = own.get("p_holm")
    savings = (own["saving"], own["saving_within_point"])
    return [
        head(label if timed else f'<span class="small">{safe(label)}</span>'),
        cell(f"{share(own['quality'])} {reach(ends['quality'])}"),
        cell(unit(own["cost"])),
        cell(points(own["gain"]), "good" if own["gain"] > 0 and (p or 1.0) < SURE else ""),
        cell("–" if p is None else f"{p:.3f}"),
        *(cell("–" if saving is None else percent(saving)) for saving in savings),
        *(cell(text) for text in extra),
        cell(f"{own['decision_us']:,.0f}" if timed else ""),
        cell(amount("seconds", own["train_seconds"]) if timed else ""),
    ]


def gains(found: Mapping[str, Any]) -> str:
    """Return the routers' gains over the best single option, drawn."""
    rows = []
    for number, name in enumerate(found["ranking"][:10]):
        own = found["routers"][name]
        low, high = own["intervals"]["gain"] or (own["gain"], own["gain"])
        shade = f"c{number}" if number < 6 else "base"
        rows.append(charts.Span(name, low, own["gain"], high, f"{points(own['gain'])}", shade))
    reach = max(0.01, *(max(abs(row.low), abs(row.high)) for row in rows))
    step = charts.ticks(reach, 2)[1]
    count = round(charts.ticks(reach, 2)[-1] / step)
    marks = [(step * n, points(step * n)) for n in range(-count, count + 1)]
    return charts.spans("Gain over the best single option, with 95 % intervals", rows, marks)


def calls(found: Mapping[str, Any]) -> str:
    """Return which options the best router called."""
    shares = found["routers"][found["ranking"][0]]["calls"]
    lines_ = []
    for name, part in sorted(shares.items(), key=lambda item: -item[1])[:CALLED]:
        chart = charts.strip(f"{name}: {percent(part)}", [("c0", name, part)], 1.0, 10)
        lines_.append(f'<span>{safe(name, 40)}</span><div class="track">{chart}</div><b>{percent(part)}</b>')
    return card(f'<div class="options">{"".join(lines_)}</div>')


def adds(found: Mapping[str, Any]) -> str:
    """Return what the options add to one another, in words."""
    about = found["complementarity"]
    said = f"On {percent(about['none_right'])} of the queries no option is right. "
    gone = about["could_go"]
    if gone["options"]:
        ends = gone["intervals"]
        named = ", ".join(safe(name) for name in gone["options"])
        said += (
            f"Could go together at no loss of quality (below .01) at any price: {named}; the oracle loses "
            f"{share(gone['oracle_loss'])} {reach(ends['oracle_loss'])}, {safe(found['ranking'][0])} "
            f"{share(gone['routed_loss'])} {reach(ends['routed_loss'])}."
        )
    elif len(about["options"]) > 1:
        said += "None of them could go at no loss of quality (below .01) at every price."
    return said


def options(found: Mapping[str, Any]) -> str:
    """Return the options, and the best of every number of them."""
    unit, about = unit_of(found), found["complementarity"]
    rows: list[Cells] = []
    for name, own in sorted(about["options"].items(), key=lambda item: -item[1]["quality"])[:ROWS]:
        ends = own.get("intervals", {}).get("oracle_loss")
        missed = f"{share(own.get('oracle_loss'))} {reach(ends)}"
        cells = [share(own["quality"]), unit(own["cost"]), percent(own["only_right"]), missed]
        rows.append([head(safe(name, 40)), *map(cell, cells)])
    grown: list[Cells] = [
        [
            head(str(len(s["options"]))),
            cell(share(s["oracle"])),
            cell(safe(", ".join(s["options"]), 160), "near"),
        ]
        for s in about["subsets"][:6]
    ]
    subsets = table(["options", "oracle", "the best of so many"], grown)
    return f"{table(['option', 'quality', 'cost', 'only right', 'missed'], rows)}<p></p>{subsets}"


def confusion(found: Mapping[str, Any]) -> str:
    """Return what was chosen, and what had been best."""
    confusion = found["routers"][found["ranking"][0]]["confusion"]
    names, total = list(confusion), found["data"]["queries"]
    rows: list[Cells] = [
        [head(safe(name, 28)), *(_heat(confusion[name][other], total, name == other) for other in names)]
        for name in names
    ]
    return table(["chosen", *(safe(name, 28) for name in names)], rows, wide=True)


def _heat(count: int, total: int, right: bool) -> str:
    mix = round(100 * min(1.0, 2.2 * count / total))
    shade = "--good" if right else "--bad"
    style = f"background:color-mix(in srgb, var({shade}) {min(mix, 60)}%, transparent)"
    return cell(f'<span class="heat" style="{style}">{count:,}</span>')


def groups(of: Mapping[str, Any], unit: Callable[[float], str]) -> str:
    """Return the figures by group."""
    rows: list[Cells] = []
    for name, own in sorted(of.items(), key=lambda item: -item[1]["queries"])[:ROWS]:
        quality = f"{share(own['quality'])} {reach(own['interval'])}"
        cells = [f"{own['queries']:,}", quality, *(share(own[k]) for k in ("best_single", "oracle"))]
        rows.append([head(safe(name or "(none)", 40)), *map(cell, cells), cell(unit(own["cost"]))])
    return table(["group", "queries", "quality", "best single", "oracle", "cost"], rows, wide=True)

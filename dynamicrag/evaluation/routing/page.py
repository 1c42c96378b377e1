"""An evaluation as one HTML document, in the look of the report: no script, no network."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from dynamicrag.evaluation.report import charts
from dynamicrag.evaluation.report.display import SPACE, amount, digits, percent, safe
from dynamicrag.evaluation.report.markup import Cells, card, cell, document, head, key, legend, section, table
from dynamicrag.evaluation.routing.lines import STYLE, lines
from dynamicrag.evaluation.routing.scene import Scene

ROWS, MATRIX = 40, 15
SURE = 0.05
_PREFIX = {"usd": "$"}
_SUFFIX = {"joules": f"{SPACE}J", "seconds": f"{SPACE}s"}
_BASELINES = ("oracle", "oracle_cheapest", "best_single", "cheapest", "random")
_WORDS = {
    "quality, cost": "at λ = 0: the router looks at quality alone. Small: the 95 % interval, by bootstrap "
    "over the queries.",
    "gain": "quality above the best single option's on the same queries; p is that of a permutation test, "
    "corrected (Holm) for how many routers were tried.",
    "saved": "share of the best single option's cost that is saved where the curve reaches its quality.",
    "gap": "share of the way from the best single option to the oracle.",
    "area": "mean quality along the curve, from the cheapest option's mean cost to the dearest's.",
    "APGR, CPT": "RouteLLM's (arXiv 2406.18665): queries ranked by the predicted gain of the strong option. "
    "APGR is .5 for a random ranking; CPT(50) is the share of strong calls that recovers half of the gap.",
    "oracle": "knows every outcome: no router can do better. Its curve is that of the cheapest of the best.",
    "only right": "share of the queries on which the option exceeds all others by more than .5.",
    "missed": "what the oracle would lose if the option alone went.",
}  # fmt: skip


def to_html(found: Mapping[str, Any], scene: Scene | None, now: datetime | None = None) -> str:
    """Return the document.

    Args:
        found: From :func:`~dynamicrag.evaluation.routing.evaluate.evaluate`.
        scene: Its plot.
        now: When it is made.
    """
    style = files("dynamicrag.evaluation.report").joinpath("report.css").read_text("utf-8") + STYLE
    made = (now or datetime.now(UTC)).astimezone(UTC)
    return document(
        f"DynamicRAG routers, {made:%Y-%m-%d}",
        style,
        f"{_header(found)}<main>{''.join(_sections(found, scene))}</main>"
        f"<footer>Made by <code>dynamicrag eval</code> on {made:%Y-%m-%d at %H:%M} UTC. No questions and no "
        "answers are in this file.</footer>",
    )


def _sections(found: Mapping[str, Any], scene: Scene | None) -> list[str]:
    cost, best = found["data"]["cost"], safe(found["ranking"][0])
    parts = []
    if scene is not None:
        shown = legend([(line.shade, safe(line.name)) for line in scene.lines if line.shade[0] == "c"])
        title = f"Mean quality against mean {cost['name']} of {len(scene.lines)} routers and baselines"
        about = (
            f"Mean quality against mean {safe(cost['name'])} a query, as λ goes from cost alone (left) to "
            "quality alone (right). Dots are single options, dashes the oracle, fine dots a random choice."
            + (" Costs are drawn as logarithms." if scene.logarithmic else "")
        )
        chart = lines(title, scene, _PREFIX.get(cost["name"], ""))
        parts.append(section("What quality costs", about, card(chart) + shown))
    parts += [
        section("Routers and baselines", "Best first; what they have to beat is below.", _routers(found)),
        section(
            "Better than the best single option?",
            "Gain in quality at λ = 0 with its 95 % interval, on the same queries.",
            card(_gains(found)),
        ),
        section("Who was called", f"Shares of the queries by option, at λ = 0, by {best}.", _calls(found)),
        section("What the options add to one another", _adds(found), _options(found)),
    ]
    if 1 < len(found["data"]["options"]) <= MATRIX:
        about = (
            f"What {best} chose (rows), and what had been best (columns), of several best ones its choice."
        )
        parts.append(section("Right and wrong choices", about, _confusion(found)))
    groups = found["routers"][found["ranking"][0]]["groups"]
    if len(groups) > 1:
        parts.append(section("By group", f"The quality of {best}, at λ = 0.", _groups(groups, _unit(found))))
    terms = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in _WORDS.items())
    parts.append(section("What the numbers mean", "", f'<dl class="terms">{terms}</dl>'))
    return parts


def _header(found: Mapping[str, Any]) -> str:
    data, name = found["data"], found["ranking"][0]
    best, single = found["routers"][name], found["baselines"]["best_single"]
    how = f"{data['folds']} folds" if data["folds"] else f"learnt from {safe(data['train'])}"
    kicker = f"DynamicRAG · {safe(data['test'] or data['train'])} · {data['queries']:,} queries · {how}"
    sure = best["gain"] > 0 and (best.get("p_holm") or 1.0) < SURE
    saves = best["saving"] is not None and best["saving"] >= 0.01
    if sure:
        title = f"{safe(name)} gives <em>{_points(best['gain'])} more quality</em> than any single option"
    elif _orders(best):
        title = (
            f"{safe(name)} recovers 80{SPACE}% of the gap with <em>{percent(best['cpt80'])} of the "
            f"calls</em> to {safe(data['strong'])}"
        )
    elif saves:
        title = f"{safe(name)} saves <em>{percent(best['saving'])} of the cost</em> of the best single option"
    else:
        title = f"No router beats the best single option for sure; {safe(name)} comes closest"
    lede = (
        f"{_share(best['quality'])} {_reach(best['intervals']['quality'])} instead of "
        f"{_share(single['quality'])} of {safe(_single(found))}; the oracle has "
        f"{_share(found['baselines']['oracle']['quality'])}."
    )
    last = (
        "cost saved",
        percent(best["saving"]) if best["saving"] is not None else "–",
        f"at {_share(single['quality'])}, the best single option's quality",
    )
    if _orders(best):
        last = ("APGR", _share(best["apgr"]), f"{_reach(best['intervals']['apgr'])}; .5 is a random ranking")
    tiles = [
        ("best router", _share(best["quality"]), safe(name)),
        ("best single option", _share(single["quality"]), safe(_single(found))),
        ("oracle", _share(found["baselines"]["oracle"]["quality"]), "knows every outcome"),
        last,
    ]
    cells = "".join(f"<div><dt>{t}</dt><dd>{value}</dd><dd>{about}</dd></div>" for t, value, about in tiles)
    notes = "".join(f"<li>{safe(note, 400)}</li>" for note in found["notes"])
    return (
        f'<header><p class="kicker">{kicker}</p><h1>{title}</h1><p class="lede">{lede}</p>'
        f'<dl class="tiles">{cells}</dl>{f"<ul class=notes>{notes}</ul>" if notes else ""}</header>'
    )


def _orders(own: Mapping[str, Any]) -> bool:
    """Return whether a router of two options ranks queries better than chance."""
    ends = own["intervals"].get("apgr")
    return ends is not None and ends[0] > 0.5 and own["cpt80"] is not None


def _routers(found: Mapping[str, Any]) -> str:
    unit, pair = _unit(found), "weak" in found["data"]
    extra = ("APGR", "CPT(50)", "CPT(80)") if pair else ("gap", "area")
    header = ["router", "quality", "cost", "gain", "p", "saved", *extra, "µs a decision", "training"]
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
            f"{_share(own.get('apgr'))} {_reach(ends.get('apgr'))}",
            *(percent(own[name]) if own.get(name) is not None else "–" for name in ("cpt50", "cpt80")),
        ]
    else:
        closed = own["gap_closed"]
        extra = ["–" if closed is None else percent(closed), _share(own["area"])]
    p = own.get("p_holm")
    saving = own["saving"]
    return [
        head(label if timed else f'<span class="small">{safe(label)}</span>'),
        cell(f"{_share(own['quality'])} {_reach(ends['quality'])}"),
        cell(unit(own["cost"])),
        cell(_points(own["gain"]), "good" if own["gain"] > 0 and (p or 1.0) < SURE else ""),
        cell("–" if p is None else f"{p:.3f}"),
        cell("–" if saving is None else percent(saving)),
        *(cell(text) for text in extra),
        cell(f"{own['decision_us']:,.0f}" if timed else ""),
        cell(amount("seconds", own["train_seconds"]) if timed else ""),
    ]


def _gains(found: Mapping[str, Any]) -> str:
    rows = []
    for number, name in enumerate(found["ranking"][:10]):
        own = found["routers"][name]
        low, high = own["intervals"]["gain"] or (own["gain"], own["gain"])
        shade = f"c{number}" if number < 6 else "base"
        rows.append(charts.Span(name, low, own["gain"], high, f"{_points(own['gain'])}", shade))
    reach = max(0.01, *(max(abs(row.low), abs(row.high)) for row in rows))
    step = charts.ticks(reach, 2)[1]
    count = round(charts.ticks(reach, 2)[-1] / step)
    marks = [(step * n, _points(step * n)) for n in range(-count, count + 1)]
    return charts.spans("Gain over the best single option, with 95 % intervals", rows, marks)


def _calls(found: Mapping[str, Any]) -> str:
    calls = found["routers"][found["ranking"][0]]["calls"]
    lines_ = []
    for name, share in sorted(calls.items(), key=lambda item: -item[1])[:MATRIX]:
        chart = charts.strip(f"{name}: {percent(share)}", [("c0", name, share)], 1.0, 10)
        lines_.append(f'<span>{safe(name, 40)}</span><div class="track">{chart}</div><b>{percent(share)}</b>')
    return card(f'<div class="options">{"".join(lines_)}</div>')


def _adds(found: Mapping[str, Any]) -> str:
    about = found["complementarity"]
    said = f"On {percent(about['none_right'])} of the queries no option is right. "
    gone = about["could_go"]
    if gone["options"]:
        ends = gone["intervals"]
        named = ", ".join(safe(name) for name in gone["options"])
        said += (
            f"Could go together at no loss of quality (below .01) at any price: {named}; the oracle loses "
            f"{_share(gone['oracle_loss'])} {_reach(ends['oracle_loss'])}, {safe(found['ranking'][0])} "
            f"{_share(gone['routed_loss'])} {_reach(ends['routed_loss'])}."
        )
    elif len(about["options"]) > 1:
        said += "None of them could go at no loss of quality (below .01) at every price."
    return said


def _options(found: Mapping[str, Any]) -> str:
    unit, about = _unit(found), found["complementarity"]
    rows: list[Cells] = []
    for name, own in sorted(about["options"].items(), key=lambda item: -item[1]["quality"])[:ROWS]:
        ends = own.get("intervals", {}).get("oracle_loss")
        missed = f"{_share(own.get('oracle_loss'))} {_reach(ends)}"
        cells = [_share(own["quality"]), unit(own["cost"]), percent(own["only_right"]), missed]
        rows.append([head(safe(name, 40)), *map(cell, cells)])
    grown: list[Cells] = [
        [
            head(str(len(s["options"]))),
            cell(_share(s["oracle"])),
            cell(safe(", ".join(s["options"]), 160), "near"),
        ]
        for s in about["subsets"][:6]
    ]
    subsets = table(["options", "oracle", "the best of so many"], grown)
    return f"{table(['option', 'quality', 'cost', 'only right', 'missed'], rows)}<p></p>{subsets}"


def _confusion(found: Mapping[str, Any]) -> str:
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


def _groups(groups: Mapping[str, Any], unit: Callable[[float], str]) -> str:
    rows: list[Cells] = []
    for name, own in sorted(groups.items(), key=lambda item: -item[1]["queries"])[:ROWS]:
        cells = [f"{own['queries']:,}", *(_share(own[k]) for k in ("quality", "best_single", "oracle"))]
        rows.append([head(safe(name or "(none)", 40)), *map(cell, cells), cell(unit(own["cost"]))])
    return table(["group", "queries", "quality", "best single", "oracle", "cost"], rows, wide=True)


def _single(found: Mapping[str, Any]) -> str:
    calls = found["baselines"]["best_single"]["calls"]
    return str(max(calls, key=lambda name: calls[name]))


def _unit(found: Mapping[str, Any]) -> Callable[[float], str]:
    name = found["data"]["cost"]["name"] if found["data"]["cost"] else ""
    return lambda value: f"{_PREFIX.get(name, '')}{digits(value)}{_SUFFIX.get(name, '')}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}".replace("-", "−").replace("0.", ".", 1)


def _points(value: float) -> str:
    """Return a difference in quality in points, of which 100 are all."""
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{abs(100 * value):.1f}"


def _reach(ends: Sequence[float] | None) -> str:
    return "" if ends is None else f'<span class="small">{_share(ends[0])}–{_share(ends[1])}</span>'

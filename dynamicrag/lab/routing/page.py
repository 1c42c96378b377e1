"""An evaluation as one HTML document, in the look of the report."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dynamicrag.lab.report.frame import document
from dynamicrag.lab.report.markup import banner, card, glossary, legend, section
from dynamicrag.lab.routing import page_tables as tables
from dynamicrag.lab.routing.lines import STYLE, lines
from dynamicrag.lab.routing.page_words import SURE, points, prefix_of, reach, share, single_of, unit_of
from dynamicrag.lab.routing.scene import Scene
from dynamicrag.lab.view.amounts import SPACE, percent, safe

MATRIX = 15
"""Most options whose right and wrong choices are shown, one by one."""
_WORDS = {
    "quality, cost": "at λ = 0: the router looks at quality alone. Small: the 95 % interval, by bootstrap "
    "over the queries.",
    "gain": "quality above the best single option's on the same queries; p is that of a permutation test, "
    "corrected (Holm) for how many routers were tried.",
    "saved": "share of the best single option's cost that is saved where the curve reaches its quality, "
    "and where it reaches a quality that is a point (.01) lower.",
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
        found: From :func:`~dynamicrag.lab.routing.evaluate.evaluate`.
        scene: Its plot.
        now: When it is made.
    """
    return document(
        name="routers", command="dynamicrag eval", header=_header(found),
        body="".join(_sections(found, scene)), absent="No questions and no answers are in this file.",
        now=now, style=STYLE,
    )  # fmt: skip


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
        chart = lines(title, scene, prefix_of(cost["name"]))
        parts.append(section("What quality costs", about, card(chart) + shown))
    parts += [
        section(
            "Routers and baselines", "Best first; what they have to beat is below.", tables.routers(found)
        ),
        section(
            "Better than the best single option?",
            "Gain in quality at λ = 0 with its 95 % interval, on the same queries.",
            card(tables.gains(found)),
        ),
        section(
            "Who was called", f"Shares of the queries by option, at λ = 0, by {best}.", tables.calls(found)
        ),
        section("What the options add to one another", tables.adds(found), tables.options(found)),
    ]
    if 1 < len(found["data"]["options"]) <= MATRIX:
        about = (
            f"What {best} chose (rows), and what had been best (columns), of several best ones its choice."
        )
        parts.append(section("Right and wrong choices", about, tables.confusion(found)))
    groups = found["routers"][found["ranking"][0]]["groups"]
    if len(groups) > 1:
        parts.append(
            section("By group", f"The quality of {best}, at λ = 0.", tables.groups(groups, unit_of(found)))
        )
    parts.append(section("What the numbers mean", "", glossary(_WORDS)))
    return parts


def _header(found: Mapping[str, Any]) -> str:
    data, name = found["data"], found["ranking"][0]
    best, single = found["routers"][name], found["baselines"]["best_single"]
    how = f"{data['folds']} folds" if data["folds"] else f"learnt from {safe(data['train'])}"
    kicker = f"{safe(data['test'] or data['train'])} · {data['queries']:,} queries · {how}"
    sure = best["gain"] > 0 and (best.get("p_holm") or 1.0) < SURE
    saves = best["saving"] is not None and best["saving"] >= 0.01
    if sure:
        title = f"{safe(name)} gives <em>{points(best['gain'])} more quality</em> than any single option"
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
        f"{share(best['quality'])} {reach(best['intervals']['quality'])} instead of "
        f"{share(single['quality'])} of {safe(single_of(found))}; the oracle has "
        f"{share(found['baselines']['oracle']['quality'])}."
    )
    last = (
        "cost saved",
        percent(best["saving"]) if best["saving"] is not None else "–",
        f"at {share(single['quality'])}, the best single option's quality",
    )
    if _orders(best):
        last = ("APGR", share(best["apgr"]), f"{reach(best['intervals']['apgr'])}; .5 is a random ranking")
    tiles = [
        ("best router", share(best["quality"]), safe(name)),
        ("best single option", share(single["quality"]), safe(single_of(found))),
        ("oracle", share(found["baselines"]["oracle"]["quality"]), "knows every outcome"),
        last,
    ]
    return banner(kicker, title, lede, tiles, [safe(note, 400) for note in found["notes"]])


def _orders(own: Mapping[str, Any]) -> bool:
    """Return whether a router of two options ranks queries better than chance."""
    ends = own["intervals"].get("apgr")
    return ends is not None and ends[0] > 0.5 and own["cpt80"] is not None

"""An evaluation of escalation as one HTML document, in the look of the report."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dynamicrag.lab.cascade import page_tables as tables
from dynamicrag.lab.cascade.scene import compose_reliability, compose_shares
from dynamicrag.lab.report.frame import document
from dynamicrag.lab.report.markup import banner, card, glossary, legend, section
from dynamicrag.lab.routing.lines import STYLE, lines
from dynamicrag.lab.routing.page_words import between, points, prefix_of, share, unit_of
from dynamicrag.lab.routing.scene import Scene
from dynamicrag.lab.view.amounts import percent, safe

SMALL = 200
"""Height of a reliability plot, in pixels."""
_WORDS = {
    "chosen": "the point of a policy's curve whose λ was set on what was learnt from; it was not picked by "
    "the figures shown here. best: the curve's highest point, in hindsight.",
    "cost": "of all that was run for a question: withdrawn drafts and samples too.",
    "router": "picks one option from the question, and verifies nothing.",
    "oracle": "knows every outcome beforehand: nothing can do better.",
    "AUROC": "the chance that a right draft has the higher signal than a wrong one; .5 is a coin's, below it "
    "the signal speaks against.",
    "ECE": "how far the calibrated probability is from what was found, on average over bins of equal count; "
    "raw: of the signal itself, where it can be taken for a probability.",
    "cost a draft": "of what the signal's verifier called, embedded and computed, over all drafts; beside it "
    "as a share of what the drafts cost without verification; of learnt: all verifiers'.",
    "intervals": "95 %, by bootstrap over the questions; differences on the same questions.",
}  # fmt: skip


def to_html(found: Mapping[str, Any], scene: Scene, now: datetime | None = None) -> str:
    """Return the document.

    Args:
        found: From :func:`~dynamicrag.lab.cascade.evaluate.evaluate`.
        scene: Its plot.
        now: When it is made.
    """
    return document(
        name="escalation", command="dynamicrag eval --cascade", header=_header(found),
        body="".join(_sections(found, scene)), absent="No questions and no answers are in this file.",
        now=now, style=STYLE,
    )  # fmt: skip


def _sections(found: Mapping[str, Any], scene: Scene) -> list[str]:
    cost = found["data"]["cost"]["name"]
    about = (
        f"Mean quality against mean {safe(cost)} a query. Lines: from cost alone to quality alone; dashes: "
        "the oracle; fine dots: a random choice. Coloured dots: the points chosen beforehand, with 95 % "
        "intervals; black ones: single options." + (" Costs are logarithms." if scene.logarithmic else "")
    )
    shown = legend([(line.shade, safe(line.name)) for line in scene.lines if line.shade[0] == "c"])
    chart = lines(f"Mean quality against mean {cost}", scene, prefix_of(cost))
    shares = compose_shares(found)
    parts = [
        section("What quality costs", about, card(chart) + shown),
        section("Policies and baselines", "Best first; what they have to beat is below.",
                tables.policies(found)),
        section("Verification over the router alone",
                "Difference in quality at equal mean cost, in points, on the same questions. The router's "
                "curve is read in hindsight, the policies' points are not.", card(tables.over_router(found))),
        section("How many were escalated", "Quality against the share of the questions that were escalated.",
                card(lines("Quality against share escalated", shares))
                + legend([(line.shade, safe(line.name)) for line in shares.lines])),
    ]  # fmt: skip
    if any(own["stages"] for own in found["policies"].values()):
        about = (
            "Questions with a second draft, by the stages in which the accepted path differs from the first, "
            "and what that added to mean quality (points) and mean cost. kept: paid for, and the first stood."
        )
        parts.append(section("Where the gain comes from", about, tables.stages(found)))
    parts.append(section("Verifiers", "How well a signal tells right drafts from wrong ones; probabilities "
                         "are learnt from other rows.", tables.verifiers(found)))  # fmt: skip
    plots = [
        card(lines(f"{name}: share right by probability said", compose_reliability(own["reliability"]),
                   height=SMALL), safe(name, 30), tables.counts(own["reliability"]))
        for name in tables.telling(found) if (own := found["verifiers"][name])["reliability"]
    ]  # fmt: skip
    about = "Across: the probability said; up: the share that was right. On the dashes what is said holds."
    parts.append(section("Is what verifiers say true?", about, f'<div class="two">{"".join(plots)}</div>'))
    sets = found["conformal"]
    about = (
        f"Sets of {sets['of']} that hold a right one as often as was asked for; of the "
        f"{percent(sets['solvable'])} of the questions that have one."
    )
    parts.append(section("Conformal sets", about, tables.conformal(found)))
    blank = found["baselines"]["router"]["unanswerable"]
    if blank is not None:
        about = (
            f"Of the {blank['unanswerable']:,} questions without an answer: abstained or invented (a draft "
            f"that failed is neither); of the {blank['answerable']:,} others: wrongly abstained. Before are "
            "the router and single options, which accept every draft, and abstain where the draft does."
        )
        parts.append(section("Unanswerable questions", about, tables.unanswerable(found)))
    parts.append(section("What the numbers mean", tables.origin(found), glossary(_WORDS)))
    return parts


def _header(found: Mapping[str, Any]) -> str:
    data, base, unit = found["data"], found["baselines"], unit_of(found)
    name = found["ranking"][0]
    best, over = found["policies"][name]["chosen"], found["policies"][name]["over_router"]
    ends = over["interval"]
    if ends is not None and ends[0] > 0:
        title = f"{safe(name)} gives <em>{points(over['difference'])} points</em> over the router alone"
    elif ends is not None and ends[1] < 0:
        title = f"The router alone does better than {safe(name)} at the same cost"
    else:
        title = "Verification is not surely better than the router alone at the same cost"
    single, oracle = base["best_single"]["chosen"], base["oracle"]["chosen"]
    tiles = [
        ("best policy", share(best["quality"]), f"{safe(name)}, {unit(best['cost'])}"),
        ("over the router", points(over["difference"]), f"points; {between(ends)}" if ends else "points"),
        ("best single option", share(single["quality"]), unit(single["cost"])),
        ("oracle", share(oracle["quality"]), unit(oracle["cost"])),
    ]
    return banner(
        f"{safe(data['test'] or data['train'])} · {data['queries']:,} queries",
        title,
        "Escalation judged on recorded drafts: none was run anew, and every one that a policy asks for is "
        "paid for.",
        tiles,
        [safe(note, 400) for note in found["notes"]],
    )

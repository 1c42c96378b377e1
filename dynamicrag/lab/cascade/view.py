"""An evaluation of escalation as a page."""

from collections.abc import Sequence
from math import isnan

from dynamicrag.cost.amounts import percent
from dynamicrag.lab.cascade import plots, tables
from dynamicrag.lab.cascade.results import CascadeResult, Unanswered
from dynamicrag.lab.cascade.signal_results import SignalFigures
from dynamicrag.lab.routing.scale import cost_text
from dynamicrag.lab.view.amounts import interval, points, share
from dynamicrag.lab.view.page import Block, Headline, Page, Pair, Section, Terms, Tile, Words

_POLICIES = (
    "quality, cost, escalated: at the λ that lost hardly any quality in training; all drafts and samples are "
    "paid for. gain: over the best single option, in points; *: surely better, all policies considered. "
    "saved: of the best single option's cost, at its quality. at 20 %, 31 %: quality when that share is "
    "escalated. best: the curve's highest point, in hindsight."
)
_VERIFIERS = (
    "AUROC: the chance that a right draft has the higher signal than a wrong one; .5 is a coin's, below it "
    "the signal speaks against. ECE: the mean distance of the calibrated probability, learnt from other "
    "rows, from the share that is right, over bins of equal count; raw: of the signal itself, where it is a "
    "probability. cost a draft: of the signal's verifier; of draft: as a share of the draft's cost without "
    "verification. learnt: from all signals, at all verifiers' cost."
)
_TERMS = {
    "chosen": "the point of a policy's curve whose λ was set in training; the figures here did not pick it.",
    "cost": "of all that was run for a question: withdrawn drafts and samples too.",
    "router": "picks one option from the question, and verifies nothing.",
    "oracle": "knows every outcome beforehand: nothing can do better.",
    "intervals": "95 %, by bootstrap over the questions; differences on the same questions.",
}


def build_page(found: CascadeResult) -> Page:
    """Return the page of an evaluation."""
    data, base = found.data, found.baselines
    cost = cost_text(data.cost.name)
    name = found.ranking[0]
    best, over = found.policies[name].chosen, found.policies[name].over_router
    single, oracle = base["best_single"].chosen, base["oracle"].chosen
    how = f"{data.folds} folds" if data.folds else f"learnt from {data.train}"
    size = f"{data.queries:,} queries, {len(data.options)} options"
    within = "" if over.interval is None else f"; {interval(over.interval, points, ' to ')}"
    return Page(
        name="escalation",
        command="dynamicrag eval-cascade",
        kicker=" · ".join([data.test or data.train, size, how, f"cost: {data.cost.name} a query"]),
        headline=_headline(name, over.difference, over.interval),
        lede="Escalation judged on recorded drafts: none was run again, and a policy pays for every draft "
        "that it asks for.",
        tiles=[
            Tile("best policy", share(best.quality), f"{name}, {cost(best.cost)}"),
            Tile("over the router", points(over.difference), f"points{within}"),
            Tile("best single option", share(single.quality), cost(single.cost)),
            Tile("oracle", share(oracle.quality), cost(oracle.cost)),
        ],
        sections=_sections(found),
        notes=found.notes,
    )


def _headline(name: str, difference: float, ends: Sequence[float] | None) -> Headline:
    if ends is not None and ends[0] > 0:
        return Headline(f"{name} gives", f"{points(difference)} points", "over the router alone")
    if ends is not None and ends[1] < 0:
        return Headline(f"The router alone does better than {name} at the same cost")
    return Headline("Verification is not surely better than the router alone at the same cost")


def _sections(found: CascadeResult) -> list[Section]:
    cost, blank = found.data.cost.name, found.baselines["router"].unanswerable
    ordered = dict(sorted(found.verifiers.items(), key=lambda item: -_telling(item[1])))
    reliable = [plots.reliability(name, own.reliability) for name, own in ordered.items() if own.reliability]
    stages = any(own.stages for own in found.policies.values())
    return [
        Section("What quality costs", [plots.quality_over_cost(found)],
                f"Mean quality against mean {cost} a query. Lines: from cost alone to quality alone; dashes: "
                "the oracle; fine dots: a random choice. Coloured dots: the points chosen beforehand, with "
                "95 % intervals; dots without a colour: single options."),
        Section("Policies and baselines", [tables.policies(found), Words(_POLICIES)], "Best first."),
        Section("Verification over the router alone, at equal mean cost",
                [plots.over_router(found), tables.over_router(found)],
                "Difference in quality, in points, on the same questions. The router's curve is read in "
                "hindsight, the policies' points are not."),
        Section("How many were escalated", [plots.quality_over_share(found)],
                "Quality against the share of the questions that were escalated."),
        *([_stages(found)] if stages else []),
        *([_unanswerable(found, blank)] if blank is not None else []),
        Section("Verifiers", [tables.verifiers(found, ordered), Words(_VERIFIERS)], "Most telling first."),
        Section("Are the probabilities of verifiers calibrated?", [Pair(reliable)],
                "Across: the calibrated probability; up: the share that was right; equal on the dashes."),
        _conformal(found),
        Section("What the numbers mean", [Terms(_TERMS)], _origin(found)),
    ]  # fmt: skip


def _stages(found: CascadeResult) -> Section:
    about = (
        "Questions with a second draft, by the stages in which the accepted path differs from the first, and "
        "what that added to mean quality (points) and mean cost. kept: paid for, and the first stood."
    )
    return Section("What escalation changed", [tables.stages(found)], about)


def _unanswerable(found: CascadeResult, blank: Unanswered) -> Section:
    text = (
        f"Of the {blank.unanswerable:,} questions without an answer: abstained or invented (a draft that "
        f"failed is neither); of the {blank.answerable:,} others: wrongly abstained. The router and single "
        "options accept every draft, and abstain where the draft does."
    )
    title = f"Unanswerable questions ({blank.unanswerable:,}; {blank.answerable:,} others)"
    return Section(title, [tables.unanswerable(found), Words(text, where="terminal")], text)


def _conformal(found: CascadeResult) -> Section:
    own = found.conformal
    text = (
        f"Sets of {own.of} that hold a right one as often as was asked for, of the {percent(own.solvable)} "
        "of the queries that have a right one."
    )
    drawn = plots.coverage(own)
    blocks: list[Block] = [*([drawn] if drawn else []), tables.conformal(own), Words(text, where="terminal")]
    return Section(f"Conformal sets of {own.of}", blocks, text)


def _telling(own: SignalFigures) -> float:
    """Return the distance of a signal from chance."""
    return 0.0 if isnan(own.auroc) else abs(own.auroc - 0.5)


def _origin(found: CascadeResult) -> str:
    data = found.data
    how = f"judged by cross-validation, {data.folds} folds" if data.folds else f"judged on {data.test}"
    return (
        f"Learnt from {data.learnt_queries:,} queries of {data.train}, {how}; {data.bootstrap:,} bootstrap "
        f"samples, seed {data.seed}. The cost of every draft that verifiers judge includes theirs."
    )

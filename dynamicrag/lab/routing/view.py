"""An evaluation of routers as a page."""

from math import isnan

from dynamicrag.cost.amounts import percent
from dynamicrag.lab.routing.plot import quality_over_cost
from dynamicrag.lab.routing.results import Evaluation, PairFigures, RouterResult
from dynamicrag.lab.routing.scale import cost_text
from dynamicrag.lab.routing.view_tables import (
    confusion_table,
    group_table,
    lambda_words,
    legend_words,
    option_blocks,
    price_table,
    router_table,
    surely_better,
)
from dynamicrag.lab.view.amounts import interval, known, points, share
from dynamicrag.lab.view.charts import Axis, Span, Spans
from dynamicrag.lab.view.page import Block, Figure, Headline, Page, Section, Terms, Tile, Words
from dynamicrag.registry import parse_spec

MATRIX = 15
"""Most options whose right and wrong choices are shown."""
_TERMS = {
    "quality, cost": "at λ = 0, by quality alone. Small: the 95 % interval, by bootstrap over the queries.",
    "gain": "quality above the best single option's on the same queries, in points; p is that of a "
    "permutation test, corrected (Holm) for the number of routers.",
    "saved": "share of the best single option's cost that is saved where the curve reaches its quality, and "
    "where it reaches a quality that is .01 lower.",
    "gap": "share of the way from the best single option to the oracle.",
    "area": "mean quality along the curve, from the lowest mean cost of an option to the highest.",
    "APGR, CPT": "RouteLLM (arXiv 2406.18665): queries are ranked by the predicted gain of the strong "
    "option. APGR is .5 for a random ranking; CPT50 is the share of strong calls that recovers half the gap.",
    "oracle": "knows every outcome: no router can do better. Its curve takes the cheapest of the best.",
    "only right": "share of the queries on which the option exceeds all others by more than .5.",
    "missed": "the oracle's loss if the option alone went.",
}


def build_page(found: Evaluation) -> Page:
    """Return the page of an evaluation."""
    data = found.data
    how = f"{data.folds} folds" if data.folds else f"learnt from {data.train}"
    by = " by group" if data.split == "group" else ""
    families = ", ".join(parse_spec(spec, "--features")[0] for spec in found.features.families)
    kicker = [
        data.test or data.train, f"{data.queries:,} queries, {len(data.options)} options", how + by,
        f"cost: {data.cost.name} a query" if data.cost else "no cost", families,
    ]  # fmt: skip
    single, oracle = found.baselines["best_single"], found.baselines["oracle"]
    ends = interval(found.best.intervals.quality)
    return Page(
        name="routers",
        command="dynamicrag eval",
        kicker=" · ".join(kicker),
        headline=_headline(found),
        lede=f"{share(found.best.quality)}{f' ({ends})' if ends else ''} instead of {share(single.quality)} "
        f"of {found.best_single}; the oracle has {share(oracle.quality)}.",
        tiles=[
            Tile("best router", share(found.best.quality), found.ranking[0]),
            Tile("best single option", share(single.quality), found.best_single),
            Tile("oracle", share(oracle.quality), "knows every outcome"),
            _last_tile(found),
        ],
        sections=_sections(found),
        notes=found.notes,
    )


def _headline(found: Evaluation) -> Headline:
    name, best = found.ranking[0], found.best
    if surely_better(best):
        return Headline(f"{name} gives", f"{points(best.gain)} points", "of quality over any single option")
    if (pair := _ranked_pair(best)) is not None:
        calls = f"{percent(pair.cpt80)} of the calls"
        return Headline(f"{name} recovers 80 % of the gap with", calls, f"to {found.data.strong}")
    if best.saving >= 0.01:
        saved = f"{percent(best.saving)} of the cost"
        return Headline(f"{name} saves", saved, "of the best single option")
    return Headline(f"No router surely beats the best single option; {name} comes closest")


def _last_tile(found: Evaluation) -> Tile:
    best = found.best
    if (pair := _ranked_pair(best)) is not None and best.intervals.pair is not None:
        about = f"{interval(best.intervals.pair.apgr)}; .5 is a random ranking"
        return Tile("APGR", share(pair.apgr), about)
    target = share(found.baselines["best_single"].quality)
    return Tile("cost saved", known(best.saving, percent), f"at {target}, the best single option's quality")


def _ranked_pair(own: RouterResult) -> PairFigures | None:
    """Return the figures of a router of two options that ranks queries better than chance."""
    ends = own.intervals.pair.apgr if own.intervals.pair else None
    better = ends is not None and ends[0] > 0.5 and own.pair is not None and not isnan(own.pair.cpt80)
    return own.pair if better else None


def _sections(found: Evaluation) -> list[Section]:
    data, name, best = found.data, found.ranking[0], found.best
    cost = cost_text(data.cost.name if data.cost else "")
    sections: list[Section] = []
    plot = quality_over_cost(found)
    if plot is not None and data.cost is not None:
        about = (
            f"Mean quality against mean {data.cost.name} a query, as λ goes from cost alone (left) to "
            "quality alone (right). Dots: single options; dashes: the oracle; fine dots: a random choice."
        )
        sections.append(Section("What quality costs", [plot], about))
    legend = Words(legend_words(found), where="terminal")
    sections.append(
        Section(
            "Routers and baselines", [router_table(found, cost), legend], "Best first, then the baselines."
        )
    )
    if data.cost is not None and best.quality_at:
        blocks: list[Block] = [price_table(found), Words(lambda_words(found, data.cost.name))]
        sections.append(Section(f"Quality at a mean {data.cost.name}", blocks))
    about = "Gain in quality at λ = 0 with its 95 % interval, on the same queries."
    sections.append(Section("Better than the best single option?", [_gains(found)], about))
    about = f"Called: the share of the queries by {name}, at λ = 0."
    sections.append(Section("Options", option_blocks(found, cost), about))
    if 1 < len(data.options) <= MATRIX:
        about = f"Rows: what {name} chose; columns: the best option, its choice where several were best."
        sections.append(Section("Right and wrong choices", [confusion_table(found)], about, where="html"))
    if len(best.groups) > 1:
        about = f"The quality of {name}, at λ = 0."
        sections.append(Section(f"By group ({name})", [group_table(best.groups, cost)], about))
    sections.append(Section("What the numbers mean", [Terms(_TERMS)]))
    return sections


def _gains(found: Evaluation) -> Figure:
    rows = []
    for number, name in enumerate(found.ranking[:10]):
        own = found.routers[name]
        low, high = own.intervals.gain or (own.gain, own.gain)
        shade = f"c{number}" if number < 6 else "base"
        rows.append(Span(name, low, own.gain, high, points(own.gain), shade))
    title = "Gain over the best single option, with 95 % intervals"
    return Figure(Spans(title, rows, Axis("points of quality", text=points)))

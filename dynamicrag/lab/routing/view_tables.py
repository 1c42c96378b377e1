"""The tables of an evaluation's page, and the words below them."""

from collections.abc import Callable, Mapping
from math import isnan

from dynamicrag.cost.amounts import digits, percent
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.routing.results import Evaluation, GroupResult, RouterResult
from dynamicrag.lab.view.amounts import interval, known, points, share
from dynamicrag.lab.view.page import Block, Cell, Column, Row, Table, Words

SURE = 0.05
"""Most chance at which a gain counts as one."""
ROWS = 40
BASELINES = ("oracle", "oracle_cheapest", "best_single", "cheapest", "random")


def router_table(found: Evaluation, cost: Callable[[float], str]) -> Table:
    """Return routers, best first, and the baselines below them."""
    priced = found.data.cost is not None
    extra = _extra_columns(found)
    columns = [
        Column("router", number=False), Column("quality"), *([Column("cost")] if priced else []),
        Column("gain", spare=4), Column("p", spare=3),
        *([Column("saved"), Column("−.01", spare=5)] if priced else []),
        *extra, Column("µs", spare=2), Column("train s", spare=1),
    ]  # fmt: skip

    def row(name: str, own: RouterResult, shade: str = "") -> Row:
        sure = surely_better(own) and own.training is not None
        extra_cells = [text(own) for text in extra.values()]
        timing = ["", ""]
        if own.training is not None and name in found.routers:
            timing = [f"{own.training.decision_us:,.0f}", digits(own.training.train_seconds)]
        savings = [known(own.saving, percent), known(own.saving_within_point, percent)]
        cells: list[Cell | str] = [
            Cell(name + "*" * sure, shade=shade), Cell(share(own.quality), interval(own.intervals.quality)),
            *([cost(own.cost)] if priced else []), points(own.gain), known(own.p_holm, "{:.3f}".format),
            *(savings if priced else []), *extra_cells, *timing,
        ]  # fmt: skip
        return Row(cells, "good" if sure else "" if name in found.routers else "faint")

    rows = [
        row(name, found.routers[name], f"c{number}" if number < 6 else "rest2")
        for number, name in enumerate(found.ranking[:ROWS])
    ]
    below = [row(name, found.baselines[name]) for name in BASELINES]
    below[0] = Row(below[0].cells, below[0].style, rule=True)
    return Table(columns, [*rows, *below], most=ROWS + len(BASELINES))


def _extra_columns(found: Evaluation) -> dict[Column, Callable[[RouterResult], str]]:
    """Return the columns that depend on the options, with their texts for a router."""
    if found.data.weak is not None:
        return {
            Column("APGR"): lambda own: known(own.pair.apgr, share) if own.pair else "",
            Column("CPT50"): lambda own: known(own.pair.cpt50, percent) if own.pair else "",
            Column("CPT80"): lambda own: known(own.pair.cpt80, percent) if own.pair else "",
        }
    if found.best.labels is not None:
        return {Column("balanced"): lambda own: share(own.labels.balanced_accuracy) if own.labels else ""}
    gap: dict[Column, Callable[[RouterResult], str]] = {
        Column("gap"): lambda own: known(own.gap_closed, percent)
    }
    return gap | ({Column("area"): lambda own: share(own.area)} if found.data.cost else {})


def legend_words(found: Evaluation) -> str:
    """Return the meaning of the columns of :func:`router_table`."""
    features = found.features
    said = ["quality, cost: at λ = 0; gain: over the best single option, in points"]
    if found.data.cost:
        single = found.best_single
        said.append(
            f"saved: of the cost of the best single option ({single}), at its quality and at .01 less"
        )
    said.append("*: surely better than it, all routers considered")
    about = {
        "APGR": "APGR, CPT: RouteLLM's, ranked by predicted gain",
        "balanced": "quality: the share of right labels; balanced: the mean of both labels' shares",
        "gap": "gap: closed of that between best single option and oracle",
        "area": "area: mean quality along the curve",
    }
    said += [about[column.title] for column in _extra_columns(found) if column.title in about]
    made = f"features {digits(features.us / 1000)} ms a query"
    if features.embedding_us is not None and not isnan(features.embedding_us):
        made += f" + embedding {digits(features.embedding_us / 1000)} ms"
    return "; ".join([*said, made]) + "."


def price_table(found: Evaluation) -> Table:
    """Return the quality of every router at the costs that were asked for."""
    prices = list(found.best.quality_at)
    shown = {name: found.routers[name] for name in found.ranking[:ROWS]}
    shown |= {name: found.baselines[name] for name in ("random", "oracle_cheapest")}
    rows = []
    for name, own in shown.items():
        quality, ends = own.quality_at, own.intervals.quality_at
        cells = [Cell(known(quality[price], share), interval(ends[price])) for price in prices]
        rows.append(Row([name, *cells], "" if name in found.routers else "faint"))
    return Table([Column("router", number=False), *map(Column, prices)], rows)


def lambda_words(found: Evaluation, cost: str) -> str:
    """Return the λ that keeps the first router to each cost."""
    own = found.best.training
    each = [
        f"{price}: {'out of reach' if lam is None else f'{lam:.4g}'}"
        for price, lam in (own.lambda_at if own else {}).items()
    ]
    said = f"λ that keeps the expected mean cost of {found.ranking[0]} to it: {'; '.join(each)}"
    return said + (f"; in a policy, objective: {{weights: {{{cost}: λ}}}}" if cost in DIMENSIONS else "")


def option_blocks(found: Evaluation, cost: Callable[[float], str]) -> list[Block]:
    """Return the options, the value of each beside the others, and the best subsets."""
    about, calls, priced = found.complementarity, found.best.calls, found.data.cost is not None
    columns = [
        Column("option", number=False), Column("quality"), *([Column("cost")] if priced else []),
        Column("only right"), Column("missed"), Column("called"),
    ]  # fmt: skip
    rows = []
    for name, own in sorted(about.options.items(), key=lambda item: -item[1].quality):
        missed = Cell("–")
        if own.loss is not None:
            missed = Cell(share(own.loss.oracle_loss), interval(own.loss.intervals["oracle_loss"]))
        cells: list[Cell | str] = [
            name, share(own.quality), *([cost(own.cost)] if priced else []), percent(own.only_right), missed,
            Cell(percent(calls[name]), bar=calls[name]),
        ]  # fmt: skip
        rows.append(Row(cells))
    grown = [
        Row([str(len(one.options)), share(one.oracle), ", ".join(one.options)]) for one in about.subsets[:6]
    ]
    subsets = [Column("options", number=False), Column("oracle"), Column("the best so many", number=False)]
    return [
        Table(columns, rows, most=ROWS),
        Words(_removable(found)),
        Table(subsets, grown, where="html"),
    ]


def _removable(found: Evaluation) -> str:
    about = found.complementarity
    said = (
        "only right: above all others by more than .5. missed: the oracle's loss without it. "
        f"On {percent(about.none_right)} of the queries no option is right. "
    )
    gone, loss = about.could_go.options, about.could_go.loss
    if gone and loss is not None:
        oracle, routed = (
            f"{share(value)} {interval(loss.intervals[name])}".rstrip()
            for name, value in (("oracle_loss", loss.oracle_loss), ("routed_loss", loss.routed_loss))
        )
        return said + (
            f"Could go together at no loss of quality (below .01) at any price: {', '.join(gone)}; the "
            f"oracle loses {oracle}, {found.ranking[0]} {routed}."
        )
    if len(about.options) > 1:
        said += "No option could go at no loss of quality (below .01) at every price."
    return said


def confusion_table(found: Evaluation) -> Table:
    """Return the best router's choices by the options that had been best."""
    rows = []
    for chosen, queries in found.best.confusion.items():
        heat = {best: min(1.0, 2.2 * number / found.data.queries) for best, number in queries.items()}
        cells = [
            Cell(f"{number:,}", heat=heat[best] if best == chosen else -heat[best])
            for best, number in queries.items()
        ]
        rows.append(Row([chosen, *cells]))
    return Table([Column("chosen", number=False), *map(Column, found.best.confusion)], rows)


def group_table(groups: Mapping[str, GroupResult], cost: Callable[[float], str]) -> Table:
    """Return the figures by group, the largest first."""
    rows = [
        Row([
            name or "(none)", f"{own.queries:,}", Cell(share(own.quality), interval(own.interval)),
            share(own.best_single), share(own.oracle), cost(own.cost),
        ])
        for name, own in sorted(groups.items(), key=lambda item: -item[1].queries)
    ]  # fmt: skip
    columns = [Column("group", number=False), *map(Column, ("queries", "quality", "best single", "oracle"))]
    return Table([*columns, Column("cost")], rows, most=ROWS)


def surely_better(own: RouterResult) -> bool:
    """Return whether the gain over the best single option is more than chance."""
    return bool(own.gain > 0 and own.p_holm < SURE)

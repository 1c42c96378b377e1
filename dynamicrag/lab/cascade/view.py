"""An evaluation of escalation as a page."""

from collections.abc import Callable, Mapping, Sequence
from math import isnan

from dynamicrag.lab.cascade import plots
from dynamicrag.lab.cascade.results import (
    AnswerLevel,
    CascadeResult,
    Counted,
    Figures,
    SignalFigures,
    Unanswered,
)  # fmt: skip
from dynamicrag.lab.view.amounts import interval, percent, points, share
from dynamicrag.lab.view.page import (
    Block,
    Cell,
    Column,
    Headline,
    Page,
    Pair,
    Row,
    Section,
    Table,
    Terms,
    Tile,
    Words,
)  # fmt: skip

SURE = 0.05
"""Most chance at which a gain counts as one."""
BASELINES = ("router", "always_strong", "always_weak", "best_single", "oracle")
_AT = ("0.2", "0.31")
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
    cost = plots.cost_text(data.cost.name)
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
        lede="Escalation judged on recorded drafts: none was run anew, and a policy pays for every draft "
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
    cost = found.data.cost.name
    sections = [
        Section(
            "What quality costs",
            [plots.quality_over_cost(found)],
            f"Mean quality against mean {cost} a query. Lines: from cost alone to quality alone; dashes: the "
            "oracle; fine dots: a random choice. Coloured dots: the points chosen beforehand, with 95 % "
            "intervals; black ones: single options.",
        ),
        Section("Policies and baselines", [_policies(found), Words(_POLICIES)], "Best first."),
        Section(
            "Verification over the router alone, at equal mean cost",
            [plots.over_router(found), _over_router(found)],
            "Difference in quality, in points, on the same questions. The router's curve is read in "
            "hindsight, the policies' points are not.",
        ),
        Section(
            "How many were escalated",
            [plots.quality_over_share(found)],
            "Quality against the share of the questions that were escalated.",
        ),
    ]
    if any(own.stages for own in found.policies.values()):
        about = (
            "Questions with a second draft, by the stages in which the accepted path differs from the first, "
            "and what that added to mean quality (points) and mean cost. kept: paid for, and the first stood."
        )
        sections.append(Section("What escalation changed", [_stages(found)], about))
    blank = found.baselines["router"].unanswerable
    if blank is not None:
        sections.append(_unanswerable(found, blank))
    ordered = dict(sorted(found.verifiers.items(), key=lambda item: -_telling(item[1])))
    sections.append(
        Section("Verifiers", [_verifiers(found, ordered), Words(_VERIFIERS)], "Most telling first.")
    )
    reliable = [plots.reliability(name, own.reliability) for name, own in ordered.items() if own.reliability]
    sections += [
        Section(
            "Are the probabilities of verifiers calibrated?",
            [Pair(reliable)],
            "Across: the calibrated probability; up: the share that was right. On the dashes they agree.",
        ),
        _conformal(found),
        Section("What the numbers mean", [Words(_origin(found), where="html"), Terms(_TERMS)]),
    ]
    return sections


def _with_baselines(found: CascadeResult, cells: Callable[[Figures], Sequence[Cell | str]]) -> list[Row]:
    """Return a row for every policy, best first, and fainter ones for the baselines."""
    rows = [
        Row([Cell(name, shade=f"c{n}" if n < plots.DRAWN - 1 else "rest2"), *cells(found.policies[name])])
        for n, name in enumerate(found.ranking)
    ]
    return rows + [
        Row([name, *cells(found.baselines[name])], "faint", rule=name == BASELINES[0]) for name in BASELINES
    ]


def _policies(found: CascadeResult) -> Table:
    cost = plots.cost_text(found.data.cost.name)

    def cells(own: Figures) -> list[Cell | str]:
        chosen, at = own.chosen, own.quality_at_share
        sure = chosen.gain > 0 and chosen.p_holm is not None and chosen.p_holm < SURE
        return [
            Cell(share(chosen.quality), interval(chosen.intervals["quality"])), cost(chosen.cost),
            Cell(points(chosen.gain) + "*" * sure, style="good" if sure else ""),
            percent(chosen.escalated), percent(chosen.abstained), _known(own.saving, percent),
            *(share(at[s].quality) if s in at else "" for s in _AT), share(own.best.quality),
        ]  # fmt: skip

    columns = [
        Column("policy", number=False), Column("quality"), Column("cost"), Column("gain", spare=4),
        Column("escalated"), Column("abstained"), Column("saved", spare=3), Column("at 20 %", spare=2),
        Column("at 31 %", spare=2), Column("best", spare=1),
    ]  # fmt: skip
    return Table(columns, _with_baselines(found, cells))


def _over_router(found: CascadeResult) -> Table:
    cost = plots.cost_text(found.data.cost.name)
    columns = [
        Column("policy", number=False), Column("cost"), Column("quality"), Column("router", spare=1),
        Column("difference"),
    ]  # fmt: skip
    rows: list[list[Cell | str]] = []
    for name in found.ranking:
        own = found.policies[name]
        over = own.over_router
        difference = Cell(points(over.difference), interval(over.interval, points, " to "))
        rows.append([name, cost(over.cost), share(own.chosen.quality), share(over.router), difference])
    return Table(columns, rows, where="terminal")


def _stages(found: CascadeResult) -> Table:
    cost = plots.cost_text(found.data.cost.name)
    columns = [
        Column("policy", number=False), Column("stages", number=False), Column("queries"),
        Column("quality added"), Column("cost added"),
    ]  # fmt: skip
    rows = [
        Row([
            name, " + ".join(own.stages), f"{own.queries:,}",
            Cell(points(own.gain), interval(own.interval, points, " to ")), cost(own.cost),
        ], rule=bool(number) and own is found.policies[name].stages[0])
        for number, name in enumerate(found.ranking) for own in found.policies[name].stages
    ]  # fmt: skip
    return Table(columns, rows)


def _unanswerable(found: CascadeResult, blank: Unanswered) -> Section:
    def cells(own: Figures) -> list[Cell | str]:
        counted = own.unanswerable
        assert counted is not None, "all or none have questions without an answer"
        return [_counted(counted.abstained), _counted(counted.invented), _counted(counted.wrongly_abstained)]

    columns = [
        Column("policy", number=False), Column("abstained"), Column("invented"), Column("wrongly abstained"),
    ]  # fmt: skip
    text = (
        f"Of the {blank.unanswerable:,} questions without an answer: abstained or invented (a draft that "
        f"failed is neither); of the {blank.answerable:,} others: wrongly abstained. The router and single "
        "options accept every draft, and abstain where the draft does."
    )
    title = f"Unanswerable questions ({blank.unanswerable:,}; {blank.answerable:,} others)"
    return Section(title, [Table(columns, _with_baselines(found, cells)), Words(text)])


def _counted(own: Counted) -> Cell | str:
    if own.share is None:
        return "–"
    return Cell(f"{own.count:,} = {percent(own.share)}", interval(own.interval, percent, " to "))


def _telling(own: SignalFigures) -> float:
    """Return how far a signal is from telling nothing."""
    return 0.0 if isnan(own.auroc) else abs(own.auroc - 0.5)


def _verifiers(found: CascadeResult, ordered: Mapping[str, SignalFigures]) -> Table:
    cost = plots.cost_text(found.data.cost.name)
    columns = [
        Column("signal", number=False), Column("AUROC"), Column("ECE raw"), Column("ECE"),
        Column("Brier", spare=2), Column("cost a draft"), Column("of draft"), Column("coverage", spare=1),
        Column("drafts", spare=3),
    ]  # fmt: skip
    rows: list[list[Cell | str]] = [
        [
            name, Cell(_known(own.auroc, share), interval(own.intervals["auroc"])),
            _known(own.ece_raw, share), Cell(_known(own.ece, share), interval(own.intervals["ece"])),
            _known(own.brier, share),
            _known(own.cost, cost), _known(own.cost_share, percent), percent(own.drafts / found.data.drafts),
            f"{own.drafts:,}",
        ]
        for name, own in ordered.items()
    ]  # fmt: skip
    return Table(columns, rows)


def _conformal(found: CascadeResult) -> Section:
    own = found.conformal
    columns = [
        Column("target"), Column("coverage"), Column("mean size", spare=1), Column("of one"),
    ]  # fmt: skip
    if own.of == "answers":
        columns += [Column("of one: right"), Column("routed"), Column("escalated")]
    rows: list[list[Cell | str]] = []
    for level in own.levels.values():
        cells: list[Cell | str] = [
            share(level.target), Cell(share(level.coverage), interval(level.interval)), f"{level.size:.2f}",
            percent(level.single),
        ]  # fmt: skip
        if isinstance(level, AnswerLevel):
            routed = level.routed
            cells += [share(level.single_quality), share(routed.quality), percent(routed.escalated)]
        rows.append(cells)
    text = (
        f"Sets of {own.of} that hold a right one as often as was asked for, of the {percent(own.solvable)} "
        "of the queries that have a right one."
    )
    drawn = plots.coverage(own)
    blocks: list[Block] = [*([drawn] if drawn else []), Table(columns, rows), Words(text)]
    return Section(f"Conformal sets of {own.of}", blocks)


def _origin(found: CascadeResult) -> str:
    data = found.data
    how = f"judged by cross-validation, {data.folds} folds" if data.folds else f"judged on {data.test}"
    return (
        f"Learnt from {data.learnt_queries:,} queries of {data.train}, {how}; {data.bootstrap:,} bootstrap "
        f"samples, seed {data.seed}. The cost of every draft that verifiers judge includes theirs."
    )


def _known(value: float, text: Callable[[float], str]) -> str:
    return "–" if isnan(value) else text(value)

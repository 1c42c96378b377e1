"""The tables of an evaluation of escalation."""

from collections.abc import Callable, Mapping, Sequence

from dynamicrag.cost.amounts import percent
from dynamicrag.lab.cascade import plots
from dynamicrag.lab.cascade.results import CascadeResult, Counted, Figures
from dynamicrag.lab.cascade.signal_results import Conformal, SignalFigures
from dynamicrag.lab.results import Interval
from dynamicrag.lab.routing.scale import cost_text
from dynamicrag.lab.view.amounts import interval, known, points, share
from dynamicrag.lab.view.page import Cell, Column, Row, Table

SURE = 0.05
"""Most chance at which a gain counts as one."""
BASELINES = ("router", "always_strong", "always_weak", "best_single", "oracle")
_AT = ("0.2", "0.31")


def policies(found: CascadeResult) -> Table:
    """Return policies, best first, and baselines."""
    cost = cost_text(found.data.cost.name)

    def cells(own: Figures) -> list[Cell | str]:
        chosen, at = own.chosen, own.quality_at_share
        sure = chosen.gain > 0 and chosen.p_holm is not None and chosen.p_holm < SURE
        return [
            Cell(share(chosen.quality), interval(chosen.intervals["quality"])), cost(chosen.cost),
            Cell(points(chosen.gain) + "*" * sure, style="good" if sure else ""),
            percent(chosen.escalated), percent(chosen.abstained), known(own.saving, percent),
            *(share(at[s].quality) if s in at else "" for s in _AT), share(own.best.quality),
        ]  # fmt: skip

    spare = {"best": 1, "at 20 %": 2, "at 31 %": 2, "saved": 3, "gain": 4}
    titles = "quality", "cost", "gain", "escalated", "abstained", "saved", "at 20 %", "at 31 %", "best"
    return Table(_columns("policy", *titles, **spare), _with_baselines(found, cells))


def over_router(found: CascadeResult) -> Table:
    """Return the policies' differences to the router, for the terminal."""
    cost = cost_text(found.data.cost.name)
    rows: list[list[Cell | str]] = []
    for name in found.ranking:
        own = found.policies[name]
        over = own.over_router
        difference = Cell(points(over.difference), _ends(over.interval))
        rows.append([name, cost(over.cost), share(own.chosen.quality), share(over.router), difference])
    columns = _columns("policy", "cost", "quality", "router", "difference", router=1)
    return Table(columns, rows, where="terminal")


def stages(found: CascadeResult) -> Table:
    """Return the effect of escalation, by policy."""
    cost = cost_text(found.data.cost.name)
    rows = [
        Row([name, " + ".join(own.stages), f"{own.queries:,}", Cell(points(own.gain), _ends(own.interval)),
             cost(own.cost)], rule=bool(number) and own is found.policies[name].stages[0])
        for number, name in enumerate(found.ranking) for own in found.policies[name].stages
    ]  # fmt: skip
    columns = _columns("policy", "stages", "queries", "quality added", "cost added")
    columns[1] = Column("stages", number=False)
    return Table(columns, rows)


def unanswerable(found: CascadeResult) -> Table:
    """Return the outcomes of questions without an answer."""

    def cells(own: Figures) -> list[Cell | str]:
        counted = own.unanswerable
        assert counted is not None, "all or none have questions without an answer"
        return [_counted(counted.abstained), _counted(counted.invented), _counted(counted.wrongly_abstained)]

    columns = _columns("policy", "abstained", "invented", "wrongly abstained")
    return Table(columns, _with_baselines(found, cells))


def verifiers(found: CascadeResult, ordered: Mapping[str, SignalFigures]) -> Table:
    """Return the signals in an order."""
    cost = cost_text(found.data.cost.name)
    rows: list[list[Cell | str]] = [
        [
            name, Cell(known(own.auroc, share), interval(own.intervals["auroc"])),
            known(own.ece_raw, share), Cell(known(own.ece, share), interval(own.intervals["ece"])),
            known(own.brier, share), known(own.cost, cost), known(own.cost_share, percent),
            percent(own.drafts / found.data.drafts), f"{own.drafts:,}",
        ]
        for name, own in ordered.items()
    ]  # fmt: skip
    titles = "AUROC", "ECE raw", "ECE", "Brier", "cost a draft", "of draft", "coverage", "drafts"
    return Table(_columns("signal", *titles, coverage=1, Brier=2, drafts=3), rows)


def conformal(found: Conformal) -> Table:
    """Return target and realised coverage, with the figures of routing by the sets."""
    routed = ("of one: right", "routed", "escalated") if found.of == "answers" else ()
    rows: list[list[Cell | str]] = []
    for level in found.levels.values():
        rows.append([
            share(level.target), Cell(share(level.coverage), interval(level.interval)), f"{level.size:.2f}",
            percent(level.single),
        ])  # fmt: skip
        if level.answers is not None:
            own = level.answers.routed
            rows[-1] += [share(level.answers.single_quality), share(own.quality), percent(own.escalated)]
    return Table(_columns("target", "coverage", "mean size", "of one", *routed, **{"mean size": 1}), rows)


def _with_baselines(found: CascadeResult, cells: Callable[[Figures], Sequence[Cell | str]]) -> list[Row]:
    """Return a row for every policy, best first, and fainter ones for the baselines."""
    shades = plots.shades(found)
    rows = [
        Row([Cell(name, shade=shades.get(name, "rest2")), *cells(found.policies[name])])
        for name in found.ranking
    ]
    return rows + [
        Row(
            [Cell(name, shade=shades.get(name, "")), *cells(found.baselines[name])], "faint", name == "router"
        )
        for name in BASELINES
    ]


def _counted(own: Counted) -> Cell | str:
    return (
        "–"
        if own.share is None
        else Cell(f"{own.count:,} = {percent(own.share)}", _ends(own.interval, percent))
    )


def _columns(first: str, *titles: str, **spare: int) -> list[Column]:
    """Return a column of names and columns of numbers; ``spare`` are those that a narrow terminal drops."""
    return [Column(first, number=False), *(Column(title, spare=spare.get(title, 0)) for title in titles)]


def _ends(ends: Interval, text: Callable[[float], str] = points) -> str:
    return "" if ends is None else f"({interval(ends, text, ' to ')})"

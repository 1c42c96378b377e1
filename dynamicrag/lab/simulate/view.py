"""The page of a simulation: learners beside the baselines."""

from collections.abc import Callable

from dynamicrag.cost.amounts import digits, percent
from dynamicrag.lab.routing.scale import cost_text
from dynamicrag.lab.simulate.baselines import FIXED, FOREST, ORACLE, RANDOM
from dynamicrag.lab.simulate.results import AfterChange, Figure, LearnerResult, Simulation, Weighed
from dynamicrag.lab.view.amounts import interval, points, share
from dynamicrag.lab.view.page import Block, Cell, Column, Headline, Page, Row, Section, Table, Words

BASELINES = (ORACLE, FOREST, FIXED, RANDOM)
LEGEND = (
    "utility: quality minus weighted realised cost. gap: closed of that from the best fixed option in "
    "hindsight to an offline forest, since the start. last half: points of utility above that option. "
    "regret: the oracle's total utility minus the learner's. Small figures: 95 % intervals over the seeds."
)


def build_page(found: Simulation) -> Page:
    """Return the page."""
    data, middle = found.data, found.middle
    name = max(middle.learners, key=lambda each: middle.learners[each].utility)
    best, fixed = middle.learners[name], middle.baselines[FIXED]
    blocks: list[Block] = [_table(middle, data.cost or ""), Words(_legend(middle)), _calls(middle)]
    return Page(
        name="simulation",
        command="dynamicrag simulate",
        kicker=f"{data.table} · {data.queries:,} queries · {len(data.options)} options · start: {data.start}",
        headline=Headline(
            f"{name} gives", f"{points(best.gain.value or 0.0)} points", f"over {fixed.option}"
        ),
        sections=[
            Section(_title("middle", middle, data.cost), blocks),
            *(
                Section(_title(name, own, data.cost), [_table(own, data.cost or "")])
                for name, own in found.weights.items()
            ),
        ],
        notes=found.notes,
    )


def _title(name: str, own: Weighed, cost: str | None) -> str:
    unit = f" per {cost}" if cost else ""
    return f"Weight: {name}, {digits(own.weight)}{unit}; {own.seeds} seed{'' if own.seeds == 1 else 's'}"


def _table(own: Weighed, cost: str) -> Block:
    marks = next(iter(own.learners.values())).share
    changed = any(each.after_change for each in own.learners.values())
    columns = [
        Column("learner", number=False), Column("utility"), Column("quality", spare=3),
        *([Column("cost", spare=4)] if cost else []),
        *(Column(f"gap {mark}", spare=0 if mark == "all" else 5) for mark in marks), Column("last half"),
        *([Column("recovered")] if changed else []), Column("regret", spare=2), Column("µs", spare=1),
    ]  # fmt: skip
    rows = [Row(_cells(name, each, cost)) for name, each in own.learners.items()]
    for place, name in enumerate(BASELINES):
        base = own.baselines[name]
        label = f"{name}: {base.option}" if base.option else name
        figures = ["", *([""] if cost else []), *("" for _ in marks), "", *([""] if changed else [])]
        cells = [label, share(base.utility), *figures, f"{base.regret:,.0f}", ""]
        rows.append(Row(cells, "faint", rule=not place))
    return Table(columns, rows)


def _cells(name: str, own: LearnerResult, cost: str) -> list[Cell | str]:
    after = own.after_change
    return [
        name, Cell(share(own.utility), interval(own.interval)), share(own.quality),
        *([cost_text(cost)(own.cost)] if cost else []),
        *(_cell(each, percent, mark == "all") for mark, each in own.share.items()),
        _cell(own.last_half, points),
        *([_recovered(after)] if after else []), f"{own.regret:,.0f}", f"{own.microseconds:,.0f}",
    ]  # fmt: skip


def _cell(figure: Figure, text: Callable[[float], str], ends: bool = True) -> Cell:
    shown = "–" if figure.value is None else text(figure.value)
    return Cell(shown, interval(figure.interval, text, " to ") if ends else "")


def _recovered(after: AfterChange) -> Cell:
    shown = "never" if after.queries is None else f"{after.queries:,.0f}"
    return Cell(shown, interval(after.interval, "{:,.0f}".format))


def _legend(own: Weighed) -> str:
    after = next((each.after_change for each in own.learners.values() if each.after_change), None)
    if after is None:
        return LEGEND
    return (
        f"{LEGEND} recovered: queries from a change to the largest total loss against the best fixed option "
        f"after it, less {after.tolerance:g} per query."
    )


def _calls(own: Weighed) -> Block:
    options = next(iter(own.learners.values())).calls
    columns = [Column("option", number=False), *map(Column, own.learners)]
    rows = [
        Row([option, *(percent(each.calls[option]) for each in own.learners.values())]) for option in options
    ]
    return Table(columns, rows, "Share of the queries by option")

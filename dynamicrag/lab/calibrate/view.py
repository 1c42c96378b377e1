"""A calibration as a page."""

from collections.abc import Sequence

from dynamicrag.cost.amounts import digits, percent
from dynamicrag.lab.calibrate.results import Report, Standing
from dynamicrag.lab.calibrate.run import CalibrationResult
from dynamicrag.lab.view.amounts import interval, share
from dynamicrag.lab.view.charts import Axis, Curves, Dash, Dot, Line
from dynamicrag.lab.view.page import (
    Cell,
    Column,
    Figure,
    Headline,
    Page,
    Row,
    Section,
    Table,
    Tile,
    Words,
)  # fmt: skip

CURVES: dict[str, tuple[str, Dash]] = {
    "joint": ("c0", "solid"), "per-stage": ("c1", "solid"), "oracle": ("base", "dashed"),
}  # fmt: skip
"""Colour and dash of each curve."""
NAMED = ("always-large", "always-small", "random", "calibrated")
"""Ways to choose that are dots with a name, besides the policy itself."""


def build_page(made: CalibrationResult) -> Page:
    """Return the page of a calibration."""
    report = made.report
    own, large = report.policies["calibrated"], report.policies["always-large"]
    met = all(goal.ok for goal in report.reached.values())
    text = f"{'Reaches' if met else 'Misses'} the target on questions that it had not seen"
    return Page(
        name="calibration",
        command="dynamicrag calibrate",
        kicker=f"{report.table} · {report.questions:,} questions · target: {report.target.text}",
        headline=Headline(text),
        lede="Learnt on one half of the questions and judged on the other, and the reverse; each question is "
        "held out once.",
        tiles=[
            Tile("quality", share(own.quality), f"always-large {share(large.quality)}"),
            Tile(report.cost, digits(own.costs[report.cost]), f"{percent(own.ratio)} of always-large"),
            Tile("gap closed", _gap(own), "to the oracle"),
        ],
        sections=[
            Section("What quality costs", [_chart(made)],
                    f"Mean quality against mean {report.cost} a query. Lines: routers as λ goes from cost "
                    "alone to quality alone; dashes: the oracle, which knows every outcome. Dots: single "
                    "paths, baselines, and what was set."),
            Section("Beside each other", [_standings(report), Words(
                "Learnt on one half of the questions, judged on the other, and the reverse. ratio, "
                f"difference, gap closed: to {report.baseline.name}, which is {report.baseline.path}, on the "
                "same questions. joint and per-stage are at the policy's own weights."
            )], "Small: 95 % intervals by paired bootstrap."),
            Section("Promised and realised", [_promised(report)],
                    "The expected means of the paths taken, and the realised ones."),
            Section("What was set", _setting(report), "Set on all questions; reached on held-out ones."),
        ],
        notes=report.notes,
    )  # fmt: skip


def _chart(made: CalibrationResult) -> Figure:
    report, cost = made.report, made.report.cost
    lines = [
        Line(name, list(zip(curve.cost.tolist(), curve.quality.tolist(), strict=True)), *CURVES[name])
        for name, curve in made.curves.items()
    ]
    named = {
        name: own for name, own in report.policies.items() if name in NAMED or name.startswith("policy ")
    }
    dots = [
        Dot(name, own.costs[cost], own.quality, strong=name == "calibrated", named=name in named)
        for name, own in {**report.paths, **named}.items()
    ]
    x, y = Axis(f"mean {cost} a query", 0.0), Axis("mean quality", text=share)
    title = f"Mean quality against mean {cost} a query, {report.table}"
    return Figure(Curves(title, lines, dots, x, y), legend=[(line.shade, line.name) for line in lines])


def _standings(report: Report) -> Table:
    cost = report.cost
    scores = list(report.policies["calibrated"].scores)[:1]

    def row(name: str, own: Standing) -> Sequence[Cell | str]:
        ends = own.intervals
        return [
            name, Cell(f"{own.quality:.3f}", interval(ends.quality, "{:.3f}".format)),
            *(f"{own.scores[score]:.3f}" for score in scores),
            Cell(digits(own.costs[cost]), interval(ends.costs[cost], digits)),
            Cell(f"{own.ratio:.2f}", interval(ends.ratio, "{:.2f}".format)),
            Cell(_signed(own.difference), interval(ends.difference, _signed, " to ")),
            _gap(own),
        ]  # fmt: skip

    columns = [
        Column("way to choose", number=False), Column("quality"),
        *(Column(score, spare=1) for score in scores), Column(cost), Column("ratio", spare=3),
        Column("difference", spare=4), Column("gap closed", spare=2),
    ]  # fmt: skip
    rows = [
        Row(row(name, own), "strong" if name == "calibrated" else "") for name, own in report.policies.items()
    ]
    first = next(iter(report.paths))
    rows += [Row(row(name, own), "faint", rule=name == first) for name, own in report.paths.items()]
    return Table(columns, rows)


def _promised(report: Report) -> Table:
    columns = [Column(title, number=False) for title in ("way to choose", "figure")]
    columns += [Column("promised"), Column("realised")]
    rows = [
        [name, figure, digits(own.promised), digits(own.realised)]
        for name, figures in report.promised.items()
        for figure, own in figures.items()
    ]
    return Table(columns, rows)


def _setting(report: Report) -> list[Words]:
    own = report.setting
    if own.path:
        text = f"always {own.path}"
    elif own.lam is not None:
        text = f"λ {own.lam:.3g}"
    else:
        text = "nothing; the policy stands as it is, and nothing that was learnt is expected to do better"
    limits = ", ".join(f"{name} {value:g}" for name, value in own.thresholds.items())
    found = [Words(f"set: {text}{f'; thresholds {limits}' if limits else ''}", "")]
    found += [
        Words(f"{name}: {digits(goal.reached)}, wanted {goal.wanted:g}", "good" if goal.ok else "bad")
        for name, goal in report.reached.items()
    ]
    if own.missed:
        found.append(Words(f"the target is not reached: {own.missed}", "bad"))
    return found


def _gap(own: Standing) -> str:
    return "–" if own.gap_closed is None else percent(own.gap_closed)


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")

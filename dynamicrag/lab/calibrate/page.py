"""A calibration as one HTML document: what every path, baseline and router costs and gives."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from dynamicrag.lab.calibrate.run import CalibrationResult
from dynamicrag.lab.calibrate.world import World
from dynamicrag.lab.report.frame import document
from dynamicrag.lab.report.markup import Cells, banner, card, cell, head, legend, section, table
from dynamicrag.lab.routing.curve import Curve
from dynamicrag.lab.routing.lines import STYLE, lines
from dynamicrag.lab.routing.page_words import prefix_of
from dynamicrag.lab.routing.scene import Dot, Line, Scene
from dynamicrag.lab.view.amounts import SPACE, digits, percent, safe

SHADES = {"joint": "c0", "per-stage": "c1", "oracle": "base"}
NAMED = ("always-large", "always-small", "random", "calibrated")


def scene(made: CalibrationResult, world: World) -> Scene:
    """Return the Pareto plot: curves of routers and oracle, dots of paths, baselines and the policy."""
    report, spent = made.report, made.report["cost"]
    curves = []
    for name, path in made.curves.items():
        cost, quality = path.of(world.costs[spent]).mean(axis=1), path.of(world.quality).mean(axis=1)
        curve = Curve.of(cost, quality)
        points = list(zip(curve.cost.tolist(), curve.quality.tolist(), strict=True))
        curves.append(Line(name, SHADES[name], points))
    own = {**report["paths"], **{name: report["policies"][name] for name in NAMED}}
    own |= {name: figures for name, figures in report["policies"].items() if name.startswith("policy ")}
    dots = [
        Dot(
            name,
            figures["costs"][spent],
            figures["quality"],
            best=name == "calibrated",
            named=name not in report["paths"],
        )
        for name, figures in own.items()
    ]
    every = [(dot.cost, dot.quality) for dot in dots] + [point for line in curves for point in line.points]
    costs, qualities = np.array(every).T
    margin = 0.04 * float(np.ptp(qualities)) or 0.05
    ends = max(0.0, float(qualities.min()) - margin), min(1.0, float(qualities.max()) + margin)
    return Scene(curves, dots, False, (0.0, float(costs.max())), ends)


def to_html(made: CalibrationResult, world: World, now: datetime | None = None) -> str:
    """Return the document."""
    report = made.report
    shown = scene(made, world)
    spent = report["cost"]
    plot = lines(f"Mean quality against mean {spent} a query", shown, prefix_of(spent))
    curves = legend([(line.shade, safe(line.name)) for line in shown.lines])
    about = (
        f"Mean quality against mean {safe(spent)} a query. Lines: routers as λ goes from cost alone to "
        "quality alone; dashes: the oracle, which knows every outcome. Dots: single paths, baselines, and "
        "what was set."
    )
    body = (
        section("What quality costs", about, card(plot) + curves),
        section("Beside each other", f"Held out; differences and ratios to {report['baseline']['name']} "
                f"({safe(report['baseline']['path'])}), on the same questions. Small: 95{SPACE}% "
                "intervals by paired bootstrap.", _standings(report)),
        section("Promised and realised", "What was expected of the paths taken, and what came.",
                _promised(report)),
    )  # fmt: skip
    return document(
        name="calibration", command="dynamicrag calibrate", header=_header(report), body="".join(body),
        absent="No questions and no answers are in this file.", now=now, style=STYLE,
    )  # fmt: skip


def _header(report: Mapping[str, Any]) -> str:
    own, large = report["policies"]["calibrated"], report["policies"]["always-large"]
    spent, met = report["cost"], all(goal["ok"] for goal in report["reached"].values())
    title = f"{'Reaches' if met else 'Misses'} the target on questions that it had not seen"
    tiles = [
        ("quality", f"{own['quality']:.3f}", f"always-large {large['quality']:.3f}"),
        (safe(spent), digits(own["costs"][spent]), f"{percent(own['ratio'])} of always-large"),
        ("gap closed", "–" if own["gap_closed"] is None else percent(own["gap_closed"]), "to the oracle"),
    ]  # fmt: skip
    return banner(
        f"{safe(report['table'])} · {report['questions']:,} questions",
        title,
        safe(report["target"]["text"], 200),
        tiles,
        [safe(note, 400) for note in report["notes"]],
    )


def _standings(report: Mapping[str, Any]) -> str:
    spent = report["cost"]
    rows: list[Cells] = []
    for name, own in {**report["policies"], **report["paths"]}.items():
        ends = own["intervals"]
        gap = own["gap_closed"]
        rows.append([
            head(safe(name, 40)),
            cell(f"{own['quality']:.3f} {_reach(ends['quality'], '.3f')}"),
            cell(f"{digits(own['costs'][spent])} {_reach(ends['costs'][spent])}"),
            cell(f"{own['ratio']:.2f} {_reach(ends['ratio'], '.2f')}"),
            cell(f"{own['difference']:+.3f} {_reach(ends['difference'], '+.3f')}"),
            cell("–" if gap is None else percent(gap)),
        ])  # fmt: skip
    return table(["", "quality", spent, "ratio", "difference", "gap closed"], rows, wide=True)


def _promised(report: Mapping[str, Any]) -> str:
    rows: list[Cells] = [
        [head(safe(name)), cell(safe(what)), cell(digits(own["promised"])), cell(digits(own["realised"]))]
        for name, figures in report["promised"].items()
        for what, own in figures.items()
    ]
    return table(["", "figure", "promised", "realised"], rows)


def _reach(ends: Sequence[float] | None, form: str = "") -> str:
    """Return the ends of an interval, small, with as many digits as the figure beside it."""
    if ends is None:
        return ""
    low, high = (format(end, form) if form else digits(end) for end in ends)
    return f'<span class="small">{low} to {high}</span>'

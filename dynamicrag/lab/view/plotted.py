"""Charts as figures of matplotlib, in the colours of the light page."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dynamicrag.cost.amounts import SPACE, percent
from dynamicrag.lab.view.amounts import cut
from dynamicrag.lab.view.charts import Axis, Bars, Chart, Curves, Dot, Histogram, Spans, Strips

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {
    "c0": "#0f74b5", "c1": "#c4649b", "c2": "#0b9a74", "c3": "#c9ac12", "c4": "#58b5e8", "c5": "#e39a0b",
    "c6": "#cf5a12", "c7": "#6d5fb0", "rest": "#c9c6bf", "rest2": "#e0ddd6", "base": "#9a978f",
    "ink": "#1b1d21", "soft": "#5d626b", "grid": "#e9e6e0", "card": "#ffffff",
}  # fmt: skip
"""The style sheet's light colours by the name of their variable."""
_DASHES = {"solid": "-", "dashed": (0, (5, 3)), "dotted": (0, (1, 2))}
POINTS = 9
"""Size of the letters."""
_NAME = 28
"""Most characters of a name in a chart."""


def plotted(chart: Chart, width: float) -> "Figure":
    """Return the figure of a chart, ``width`` inches wide; its parts carry their words as ids."""
    from matplotlib.figure import Figure  # no pyplot: it keeps figures, and looks for a display

    figure = Figure(figsize=(width, _height(chart, width)), layout="constrained")
    figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.02)
    axes = figure.add_subplot()
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(length=0, pad=5, labelsize=POINTS, labelcolor=COLOURS["soft"])
    match chart:
        case Curves():
            _curves(axes, chart)
        case Spans():
            _spans(axes, chart)
        case Bars():
            _bars(axes, chart, width)
        case Strips():
            _strips(axes, chart)
        case Histogram():
            _histogram(axes, chart)
    return figure


def _height(chart: Chart, width: float) -> float:
    match chart:
        case Spans():
            return 0.5 + 0.5 * len(chart.rows)
        case Strips():
            return 0.12 + 0.3 * len(chart.rows)
        case Curves():
            return min(3.0 if chart.small else 4.8, 0.8 * width)
        case _:
            return min(2.4, 0.6 * width)


def _curves(axes: "Axes", chart: Curves) -> None:
    for line in reversed(chart.lines):
        if line.points:
            plain = line.dash == "solid"
            (drawn,) = axes.plot(
                *zip(*line.points, strict=True), color=COLOURS[line.shade if plain else "base"],
                label=cut(line.name, _NAME),
                linewidth=2 if plain else 1.4, linestyle=_DASHES[line.dash], zorder=2 if plain else 1,
            )  # fmt: skip
            drawn.set_gid(_about(line.name))
    for dot in sorted(chart.dots, key=lambda dot: dot.strong):
        colour = COLOURS[dot.shade or "ink"]
        if dot.ends is not None:
            axes.vlines(dot.x, *dot.ends, color=colour, alpha=0.5, linewidth=1.6, zorder=2)
        (drawn,) = axes.plot(
            dot.x, dot.y, "o", color=colour, markersize=8 if dot.strong else 5.5, zorder=3,
            markeredgecolor=COLOURS["card"],
        )  # fmt: skip
        drawn.set_gid(_about(f"{dot.name}: {chart.y.text(dot.y)} at {chart.x.text(dot.x)}"))
    if chart.x.logarithmic:
        axes.set_xscale("log")
    _scales(axes, chart.x, chart.y)  # last: limits that a chart leaves to the data are those of dots too
    _names(axes, [dot for dot in chart.dots if dot.named])


def _names(axes: "Axes", dots: Sequence[Dot]) -> None:
    """Write names beside dots; a name that would cover the last one stands above its dot."""
    last, raised = None, False
    for dot in sorted(dots, key=lambda dot: dot.x):
        x, y = axes.transAxes.inverted().transform(axes.transData.transform((dot.x, dot.y)))
        near = last is not None and x - last[0] < 0.4 and abs(y - last[1]) < 0.08
        raised = near and not raised
        last = (x, y)
        right = x > 0.6
        axes.annotate(
            cut(dot.name, _NAME), (dot.x, dot.y), textcoords="offset points", annotation_clip=False,
            xytext=(-7 if right else 7, 5 if raised else -10), ha="right" if right else "left",
            fontsize=POINTS, color=COLOURS["ink"], fontweight="bold" if dot.strong else None,
        )  # fmt: skip


def _spans(axes: "Axes", chart: Spans) -> None:
    for number, row in enumerate(chart.rows):
        colour = COLOURS[row.shade]
        (reach,) = axes.plot((row.low, row.high), (number, number), color=colour, linewidth=4, alpha=0.45,
                             solid_capstyle="round")  # fmt: skip
        reach.set_gid(_about(f"{row.label}: {row.text}"))
        axes.plot(row.value, number, "o", color=colour, markersize=7)
        across = axes.get_yaxis_transform()
        for x, side, text in ((0, "left", row.label), (1, "right", row.text)):
            axes.text(x, number - 0.28, cut(text, 48), transform=across, ha=side, va="bottom",
                      fontsize=POINTS + 1, color=COLOURS["ink"])  # fmt: skip
    axes.set_ylim(len(chart.rows) - 0.4, -0.85)
    axes.set_yticks([])
    _scales(axes, chart.x, None)
    axes.grid(axis="x", color=COLOURS["grid"], linewidth=0.8)
    low, high = axes.get_xlim()
    if low < 0 < high:
        axes.axvline(0, color=COLOURS["soft"], linewidth=1)


def _bars(axes: "Axes", chart: Bars, width: float) -> None:
    room = 0.82 if len(chart.columns) < 80 else 1.0
    for number, column in enumerate(chart.columns):
        bottom = 0.0
        for shade, value in column.parts.items():
            if value > 0:
                (bar,) = axes.bar(number, value, room, bottom, color=COLOURS[shade])
                bar.set_gid(_about(column.about or column.label))
                bottom += value
    axes.set_xlim(-0.6, len(chart.columns) - 0.4)
    most = 5 if width > 6 else 2
    shown = range(0, len(chart.columns), max(1, -(-len(chart.columns) // most)))
    axes.set_xticks(list(shown), [cut(chart.columns[index].label, _NAME) for index in shown])
    _scales(axes, None, chart.y)
    axes.set_ylim(0)


def _strips(axes: "Axes", chart: Strips) -> None:
    for number, row in enumerate(chart.rows):
        left = 0.0
        for shade, value in row.parts.items():
            if value > 0:
                (bar,) = axes.barh(number, value, 0.7, left, color=COLOURS[shade])
                bar.set_gid(_about(row.about or row.label))
                left += value
    axes.set_ylim(len(chart.rows) - 0.5, -0.5)
    axes.set_yticks(range(len(chart.rows)), [cut(row.label, _NAME) for row in chart.rows])
    axes.tick_params(axis="y", labelcolor=COLOURS["ink"])
    axes.set_xlim(0, chart.x.high)
    axes.set_xticks([])


def _histogram(axes: "Axes", chart: Histogram) -> None:
    whole = sum(chart.counts) or 1
    for number, count in enumerate(chart.counts):
        if count:
            low, high = chart.edges[number : number + 2]
            (bar,) = axes.bar(
                (low + high) / 2, count / whole, (high - low) * 0.92, color=COLOURS[chart.shade]
            )
            bar.set_gid(_about(f"{count:,} of {whole:,} from {chart.x.text(low)} to {chart.x.text(high)}"))
    _scales(axes, chart.x, chart.y)
    axes.set_xlim(chart.edges[0], chart.edges[-1])
    axes.yaxis.set_major_formatter(lambda value, _: percent(value))
    across = axes.get_xaxis_transform()
    for row, (name, value) in enumerate(chart.marks.items()):
        axes.axvline(value, color=COLOURS["ink"], linewidth=1, linestyle=_DASHES["dotted"])
        right = value > 0.6 * chart.edges[-1]
        axes.text(
            value, 0.93 - 0.11 * row, f"{SPACE}{name} {chart.x.text(value)}{SPACE}", transform=across,
            ha="right" if right else "left", fontsize=POINTS, color=COLOURS["ink"],
        )  # fmt: skip


def _scales(axes: "Axes", x: Axis | None, y: Axis | None) -> None:
    axes.grid(axis="y", color=COLOURS["grid"], linewidth=0.8)
    # logarithmic scales have their own ticks
    for axis, own, limits in ((axes.xaxis, x, axes.set_xlim), (axes.yaxis, y, axes.set_ylim)):
        if own is None:
            continue
        limits(own.low, own.high)
        axis.set_major_formatter(_format(own))
        if own.title:
            axis.set_label_text(own.title, fontsize=POINTS, color=COLOURS["soft"])
    if x is not None and not x.logarithmic:
        axes.xaxis.set_major_locator(_locator(5))
    if y is not None and not y.logarithmic:
        axes.yaxis.set_major_locator(_locator(5))


def _format(axis: Axis) -> Any:
    return lambda value, _: axis.text(float(f"{value:.10g}"))


def _locator(number: int) -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(number, steps=[1, 2, 2.5, 5, 10])


def _about(text: str) -> str:
    """Return the id of a drawn part that carries its words through matplotlib, which escapes none."""
    return "about:" + cut(text, 400).encode().hex()

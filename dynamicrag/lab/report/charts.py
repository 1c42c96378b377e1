"""Charts as inline SVG, drawn by plain Python.

Horizontal positions are per cent and vertical ones pixels, so a chart fills any width and its letters
keep their size; there is no script, and colours come from the document's style sheet, by class.
Series have the classes ``c0``, ``c1`` and so on; ``rest`` is what belongs to none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, log10

from dynamicrag.lab.view.amounts import amount, percent, safe

HEIGHT = 190
_TOP, _FOOT = 18, 22


@dataclass(frozen=True, slots=True)
class Column:
    """A stacked bar.

    Attributes:
        label: What stands below it, where there is room.
        about: What it says when it is pointed at.
        parts: Heights by the class of the series, from below.
    """

    label: str
    about: str
    parts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Span:
    """A value with how far it reaches: an interval or percentiles.

    Attributes:
        label: What it is of.
        low: Where it begins.
        value: The value itself.
        high: Where it ends.
        text: The value in words.
        shade: The class of its series.
    """

    label: str
    low: float
    value: float
    high: float
    text: str
    shade: str = field(default="c0")


def ticks(top: float, number: int = 4) -> list[float]:
    """Return round values from 0 to at least ``top``."""
    if top <= 0:
        return [0.0, 1.0]
    rough = top / number
    power = 10.0 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    return [step * index for index in range(ceil(top / step - 1e-9) + 1)]


def bars(title: str, columns: Sequence[Column], top: float, unit: str) -> str:
    """Return stacked bars side by side.

    Args:
        title: What is seen, for those who cannot see it.
        columns: The bars.
        top: The largest height of all charts that are to be compared.
        unit: The cost dimension of the heights.
    """
    marks = ticks(top)
    body = [_grid(marks)]
    room = 100 / max(1, len(columns))
    width = room * (0.82 if len(columns) < 80 else 1.0)
    for number, column in enumerate(columns):
        x, height = room * number + (room - width) / 2, 0.0
        drawn = []
        for shade, value in column.parts.items():
            if value > 0:
                y, tall = _y(height + value, marks[-1]), _y(height, marks[-1]) - _y(height + value, marks[-1])
                drawn.append(_rect(x, y, width, tall, shade))
                height += value
        body.append(f"<g><title>{safe(column.about, 400)}</title>{''.join(drawn)}</g>")
    body.append(_below([(room * (n + 0.5), column.label) for n, column in enumerate(columns)]))
    return _beside(
        [amount(unit, mark, brief=True) for mark in marks], marks, HEIGHT, _svg(title, HEIGHT, body)
    )


def histogram(
    title: str, counts: Sequence[int], edges: Sequence[float], top: float, unit: str,
    marks: Mapping[str, float], shade: str = "c0",
) -> str:  # fmt: skip
    """Return which share of values fell between edges.

    Args:
        title: What is seen.
        counts: How often, by bin.
        edges: Where the bins begin, and where the last ends; they are of one width.
        top: The largest share of all charts that are to be compared.
        unit: The cost dimension of the edges.
        marks: Values to be marked, by their names.
        shade: The class of the series.
    """
    height = HEIGHT - 40
    rows, whole = ticks(top, 3), sum(counts) or 1
    body = [_grid(rows, height)]
    room, last = 100 / len(counts), edges[-1]
    for number, count in enumerate(counts):
        if count:
            y = _y(count / whole, rows[-1], height)
            begin, end = (amount(unit, edge) for edge in edges[number : number + 2])
            about = f"{count:,} of {whole:,} from {begin} to {end}"
            bar = _rect(room * number + room * 0.04, y, room * 0.92, _y(0, rows[-1], height) - y, shade)
            body.append(f"<g><title>{safe(about)}</title>{bar}</g>")
    for row, (name, value) in enumerate(marks.items()):
        x = 100 * value / last
        side = "end" if x > 60 else "start"
        body.append(
            f'<line class="mark" x1="{x:.2f}%" x2="{x:.2f}%" y1="{4 + 13 * row}" y2="{height - _FOOT}"/>'
            f'<text class="halo" x="{x:.2f}%" dx="{-5 if side == "end" else 5}" y="{13 + 13 * row}" '
            f'text-anchor="{side}">{safe(name)} {safe(amount(unit, value))}</text>'
        )
    shown = [(100 * mark / last, amount(unit, mark, brief=True)) for mark in ticks(last)]
    body.append(_below([(x, label) for x, label in shown if x <= 100.01], height, every=True))
    return _beside([percent(mark) for mark in rows], rows, height, _svg(title, height, body))


def strip(title: str, parts: Sequence[tuple[str, str, float]], whole: float, height: int = 26) -> str:
    """Return one bar across, divided.

    Args:
        title: What is seen.
        parts: For each series its class, what it is, and how much.
        whole: What the full width stands for.
        height: In pixels.
    """
    x, body = 0.0, []
    for shade, about, value in parts:
        width = 100 * value / whole if whole else 0.0
        if width > 0:
            body.append(f"<g><title>{safe(about)}</title>{_rect(x, 0, width, height, shade)}</g>")
        x += width
    return _svg(title, height, body)


def spans(title: str, rows: Sequence[Span], marks: Sequence[tuple[float, str]]) -> str:
    """Return values with their intervals, one below the other on a common scale.

    Args:
        title: What is seen.
        rows: The values; a row takes 44 pixels.
        marks: Values on the scale with what stands at them, the first and the last its ends.
    """
    tall, first, last = 44, marks[0][0], marks[-1][0]
    height = tall * len(rows) + _FOOT

    def at(value: float) -> float:
        return 100 * (min(max(value, first), last) - first) / ((last - first) or 1.0)

    body = [
        f'<line class="{"zero" if value == 0 else "grid"}" x1="{at(value):.2f}%" x2="{at(value):.2f}%" '
        f'y1="0" y2="{height - _FOOT}"/>'
        for value, _ in marks[1 if first == 0 else 0 : -1]  # at the edges, words stand
    ]
    for number, row in enumerate(rows):
        y = tall * number + 30
        x = at(row.value)
        body.append(
            f'<g><text class="halo strong" x="0" y="{y - 14}">{safe(row.label)}</text>'
            f'<text class="halo" x="100%" y="{y - 14}" text-anchor="end">{safe(row.text)}</text>'
            f'<line class="reach {row.shade}" x1="{at(row.low):.2f}%" x2="{at(row.high):.2f}%" '
            f'y1="{y}" y2="{y}"/>'
            f'<circle class="{row.shade}" cx="{x:.2f}%" cy="{y}" r="5"/></g>'
        )
    body.append(_below([(at(value), label) for value, label in marks], height, every=True))
    return _svg(title, height, body)


def _svg(title: str, height: float, body: Sequence[str]) -> str:
    return (
        f'<svg class="chart" role="img" width="100%" height="{height:g}" aria-label="{safe(title, 400)}">'
        f"<title>{safe(title, 400)}</title>{''.join(body)}</svg>"
    )


def _y(value: float, top: float, height: float = HEIGHT) -> float:
    return height - _FOOT - (height - _FOOT - _TOP) * value / top


def _rect(x: float, y: float, width: float, height: float, shade: str) -> str:
    return f'<rect class="{shade}" x="{x:.3f}%" y="{y:.2f}" width="{width:.3f}%" height="{height:.2f}"/>'


def _grid(marks: Sequence[float], height: float = HEIGHT) -> str:
    heights = (_y(mark, marks[-1], height) for mark in marks)
    return "".join(f'<line class="grid" x1="0" x2="100%" y1="{y:.2f}" y2="{y:.2f}"/>' for y in heights)


def _beside(labels: Sequence[str], marks: Sequence[float], height: float, plot: str) -> str:
    """Return a plot with its vertical scale to its left, which takes as much room as its words."""
    width = 7 * max(map(len, labels)) + 6
    heights = [_y(mark, marks[-1], height) + 4 for mark in marks]
    texts = [
        f'<text x="{width - 8}" y="{y:.2f}" text-anchor="end">{safe(label)}</text>'
        for y, label in zip(heights, labels, strict=True)
    ]
    axis = f'<svg class="chart" aria-hidden="true" width="{width}" height="{height:g}">{"".join(texts)}</svg>'
    return f'<div class="plot">{axis}<div>{plot}</div></div>'


def _below(labels: Sequence[tuple[float, str]], height: float = HEIGHT, *, every: bool = False) -> str:
    """Return labels below a chart: every one, or the first, the middle and the last."""
    if not every and len(labels) > 3:
        labels = [labels[0], labels[len(labels) // 2], labels[-1]]
    texts = []
    for number, (x, label) in enumerate(labels):
        side = "start" if x < 8 else "end" if x > 92 else "middle"
        x = 0 if side == "start" else 100 if side == "end" else x
        # on a narrow screen every second one is left out
        shy = ' class="shy"' if every and len(labels) > 4 and number % 2 else ""
        texts.append(f'<text{shy} x="{x:.2f}%" y="{height - 6:g}" text-anchor="{side}">{safe(label)}</text>')
    return "".join(texts)

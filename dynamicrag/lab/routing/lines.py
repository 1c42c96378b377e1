"""The quality-cost plot as inline SVG, which fills any width as the report's charts do."""

from math import ceil, floor, log10

from dynamicrag.lab.report.charts import ticks
from dynamicrag.lab.routing.scene import Scene
from dynamicrag.lab.view.amounts import digits, safe

HEIGHT, TOP, FOOT = 380, 12, 26
STYLE = """
.lines polyline { fill: none; stroke: var(--shade); stroke-width: 2.2; vector-effect: non-scaling-stroke; }
.lines polyline.rest { stroke-dasharray: 2 4; stroke: var(--soft); }
.lines polyline.base { stroke-dasharray: 7 4; stroke: var(--soft); }
.lines line.ends { stroke: var(--shade, var(--ink)); stroke-width: 2px; opacity: .55; }
.lines circle.dot { fill: var(--shade, var(--ink)); stroke: var(--card); stroke-width: 1.5; }
td.near { white-space: normal; min-width: 9em; } .heat { display: inline-block; min-width: 3.4em;
  padding: 1px 6px; border-radius: 4px; text-align: right; }
"""
"""What the report's style sheet lacks."""


def lines(title: str, scene: Scene, prefix: str = "", height: int = HEIGHT) -> str:
    """Return the plot.

    Args:
        title: What is seen, for those who cannot see it.
        scene: What is drawn.
        prefix: What stands before a cost, such as ``$``.
        height: In pixels.
    """
    low, high = scene.qualities

    def down(quality: float) -> float:
        return TOP + (height - TOP - FOOT) * (high - quality) / ((high - low) or 1.0)

    rows = _between(low, high)
    body = [f'<line class="grid" x1="0" x2="100%" y1="{down(q):.2f}" y2="{down(q):.2f}"/>' for q in rows]
    drawn = []
    for line in reversed(scene.lines):
        at = " ".join(f"{1000 * scene.across(c):.2f},{down(q):.2f}" for c, q in line.points)
        drawn.append(f'<g><title>{safe(line.name)}</title><polyline class="{line.shade}" points="{at}"/></g>')
    body.append(
        f'<svg viewBox="0 0 1000 {height}" width="100%" height="{height}" preserveAspectRatio="none" '
        f'overflow="visible">{"".join(drawn)}</svg>'
    )
    raised = scene.raised
    for dot in sorted(scene.dots, key=lambda dot: dot.best):
        x, y = 100 * scene.across(dot.cost), down(dot.quality)
        side = "end" if x > 55 else "start"
        beside = y - 9 if dot.name in raised else y + 15
        about = f"{dot.name}: {digits(dot.quality)} at {prefix}{digits(dot.cost)}"
        text = (
            f'<text class="halo" x="{x:.2f}%" dx="{-9 if side == "end" else 9}" y="{beside:.2f}" '
            f'text-anchor="{side}">{safe(dot.name, 28)}</text>'
        )
        ends = ""
        if dot.ends is not None:
            first, last = (min(max(down(q), TOP), height - FOOT) for q in dot.ends)
            ends = (
                f'<line class="ends {dot.shade}" x1="{x:.2f}%" x2="{x:.2f}%" '
                f'y1="{first:.2f}" y2="{last:.2f}"/>'
            )
        body.append(
            f'<g><title>{safe(about)}</title>{ends}<circle class="dot {dot.shade}" '
            f'cx="{x:.2f}%" cy="{y:.2f}" r="{6 if dot.best else 4.5}"/>{text if dot.named else ""}</g>'
        )
    marks = _decades(*scene.costs) if scene.logarithmic else ticks(scene.costs[1])
    for mark in marks:
        x = 100 * scene.across(mark)
        if x <= 100.01:
            side = "start" if x < 4 else "end" if x > 94 else "middle"
            body.append(f'<text x="{x:.2f}%" y="{height - 6}" text-anchor="{side}">{prefix}{mark:.6g}</text>')
    scale = "".join(f'<text x="32" y="{down(q) + 4:.2f}" text-anchor="end">{q:.2f}</text>' for q in rows)
    plot = (
        f'<svg class="chart lines" role="img" width="100%" height="{height}" aria-label="{safe(title, 400)}">'
        f"<title>{safe(title, 400)}</title>{''.join(body)}</svg>"
    )
    axis = f'<svg class="chart" aria-hidden="true" width="40" height="{height}">{scale}</svg>'
    return f'<div class="plot">{axis}<div>{plot}</div></div>'


def _between(low: float, high: float) -> list[float]:
    step = ticks(high - low, 5)[1]
    return [step * n for n in range(ceil(low / step), floor(high / step) + 1)]


def _decades(low: float, high: float) -> list[float]:
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    return [10.0**power for power in powers if low <= 10.0**power <= high]

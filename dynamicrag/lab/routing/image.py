"""The quality-cost plot as a picture, drawn by matplotlib (extra ``lab``)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dynamicrag.errors import InputError
from dynamicrag.lab.routing.scene import Scene
from dynamicrag.whole_file import replacing

_COLOURS = ("#0f74b5", "#c4649b", "#0b9a74", "#c9ac12", "#58b5e8", "#e39a0b")


def draw(scene: Scene, found: Mapping[str, Any], path: Path) -> None:
    """Write the picture, whole or not at all.

    Raises:
        InputError: It cannot be written.
    """
    from matplotlib.figure import Figure  # no pyplot: it keeps figures, and looks for a display
    from matplotlib.patheffects import withStroke

    figure = Figure(figsize=(8, 5), dpi=160, layout="constrained")
    axes = figure.add_subplot()
    colours = dict(zip((f"c{n}" for n in range(len(_COLOURS))), _COLOURS, strict=True))
    for line in scene.lines:
        dashed = line.shade in ("rest", "base")
        axes.plot(
            *zip(*line.points, strict=True), color=colours.get(line.shade, "#77756f"), label=line.name,
            linewidth=1.4 if dashed else 2, linestyle={"rest": ":", "base": "--"}.get(line.shade, "-"),
            zorder=1 if dashed else 2,
        )  # fmt: skip
    raised = scene.raised
    for dot in scene.dots:
        shade = colours.get(dot.shade, "#1b1d21")
        if dot.ends is not None:
            axes.vlines(dot.cost, *dot.ends, color=shade, alpha=0.5, linewidth=1.5, zorder=2)
        axes.plot(dot.cost, dot.quality, "o", color=shade, markersize=7 if dot.best else 4.5, zorder=3)
        if not dot.named:
            continue
        edge = scene.across(dot.cost) > 0.85
        label = axes.annotate(
            dot.name, (dot.cost, dot.quality), textcoords="offset points",
            xytext=(-7 if edge else 7, 5 if dot.name in raised else -10),
            ha="right" if edge else "left", fontsize=7.5, color="#1b1d21",
            fontweight="bold" if dot.best else None,
        )  # fmt: skip
        label.set_path_effects([withStroke(linewidth=2.5, foreground="white")])
    if scene.logarithmic:
        axes.set_xscale("log")
    axes.set_ylim(*scene.qualities)
    data = found["data"]
    axes.set_xlabel(f"mean {data['cost']['name']} a query")
    axes.set_ylabel("mean quality")
    axes.set_title(f"{data['test'] or data['train']}: {data['queries']:,} queries", loc="left", fontsize=11)
    axes.grid(color="#e9e6e0", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.legend(frameon=False, fontsize=8.5, loc="outside lower center", ncols=min(8, len(scene.lines)))
    try:
        with replacing(path) as draft:
            figure.savefig(draft, format="png")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None

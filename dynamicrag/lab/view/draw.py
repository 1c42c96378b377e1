"""Charts as files: SVG in the colours of the page, or PNG.

The colours of the light page are drawn; in an SVG each is replaced by the variable of the style sheet
that holds it, so that one drawing serves light and dark.
"""

import re
from html import escape
from io import StringIO
from pathlib import Path

from dynamicrag.errors import InputError
from dynamicrag.lab.view.amounts import cut
from dynamicrag.lab.view.charts import Chart, Curves
from dynamicrag.lab.view.plotted import COLOURS, POINTS, plotted
from dynamicrag.whole_file import replacing


def to_svg(chart: Chart, width: float) -> str:
    """Return a chart as inline SVG, with a title for those who cannot see it.

    Args:
        chart: The chart.
        width: In inches.
    """
    import matplotlib as mpl

    # text stays text; the salt makes equal charts equal files
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "dynamicrag"}):
        out = StringIO()
        plotted(chart, width).savefig(out, format="svg", transparent=True, metadata={"Date": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'font: ([^;"]*?)(\d+)px [^;"]*', r"font: \1\2px inherit", svg)
    svg = re.sub(r"font-family: [^;\"]*;?", "", svg)
    for name, colour in COLOURS.items():
        svg = svg.replace(colour, f"var(--{name})")
    svg = _lean(svg)
    svg = re.sub(r'<g id="about:([^"]*)">', lambda m: f"<g><title>{_unpacked(m[1])}</title>", svg)
    svg = re.sub(r'<g id="[^"]*">', "<g>", svg)
    title = escape(cut(chart.title, 400), quote=True)
    head = re.match(r"<svg[^>]*>", svg)
    box = re.search(r'viewBox="[^"]*"', svg)
    assert head is not None  # matplotlib writes both
    assert box is not None
    begin = f'<svg {box[0]} role="img" aria-label="{title}" xmlns:xlink="http://www.w3.org/1999/xlink">'
    return f"{begin}<title>{title}</title>{svg[head.end() :]}"


def _lean(svg: str) -> str:
    """Return a drawing with hundredths of a point, and one title for neighbours that say the same."""
    svg = re.sub(r' d="[^"]*"', lambda m: re.sub(r"(\.\d\d)\d+", r"\1", m[0]).replace("\n", ""), svg)
    first, *rest = re.split(r'<g id="(about:[^"]*)">', svg)
    found, last = [first], ""
    for name, body in zip(rest[::2], rest[1::2], strict=True):
        if name == last and found[-1].rstrip().endswith("</g>"):
            found[-1] = found[-1].rstrip().removesuffix("</g>") + body.lstrip()
        else:
            found += [f'<g id="{name}">', body]
        last = name
    return "".join(found)


def to_png(chart: Chart, path: Path) -> None:
    """Write a chart as a picture, whole or not at all.

    Raises:
        InputError: The file cannot be written.
    """
    try:
        with replacing(path) as draft:
            figure = plotted(chart, 8.0)
            figure.suptitle(cut(chart.title, 120), x=0.01, ha="left", fontsize=11)
            if isinstance(chart, Curves):
                figure.legend(loc="outside lower center", ncols=6, frameon=False, fontsize=POINTS)
            figure.savefig(draft, format="png", dpi=160, facecolor="white")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None


def _unpacked(code: str) -> str:
    return escape(bytes.fromhex(code).decode(), quote=True)

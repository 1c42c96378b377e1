"""A page as one HTML file: no script, no network, no font to load; light and dark, from a phone to a desk.

All text is escaped by the template engine; the content security policy forbids everything that is not
of the page itself. Both need the extra ``lab`` (jinja2, matplotlib).
"""

from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING

from dynamicrag.lab.view.amounts import cut
from dynamicrag.lab.view.charts import Chart
from dynamicrag.lab.view.page import Figure, Page, Pair, Row, Table, Terms, Words

if TYPE_CHECKING:
    from markupsafe import Markup

WIDE, NARROW = 9.6, 4.2
"""Widths of a chart in inches: on a desk, and on a phone or in a column."""
LONGEST = 2000
"""Most characters of a text."""


def to_html(page: Page, now: datetime | None = None) -> str:
    """Return the document.

    Args:
        page: The page.
        now: Time of the page; now by default.
    """
    from jinja2 import Environment
    from markupsafe import Markup

    folder = files("dynamicrag.lab.view")
    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) else cut(value, LONGEST),
    )  # fmt: skip
    environment.filters |= {"prose": _prose, "row": lambda row: row if isinstance(row, Row) else Row(row)}
    environment.filters["kind"] = lambda block: type(block).__name__
    environment.globals |= {"drawn": _drawn}
    template = environment.from_string(folder.joinpath("page.html.j2").read_text("utf-8"))
    style = Markup(folder.joinpath("page.css").read_text("utf-8"))  # noqa: S704
    made = (now or datetime.now(UTC)).astimezone(UTC)
    return template.render(page=page, sections=_shown(page), style=style, made=made)


def _shown(page: Page) -> list[tuple[str, str, list[Table | Figure | Words | Terms | Pair]]]:
    """Return title, sentence and blocks of the sections of the file."""
    found = []
    for section in page.sections:
        blocks = [b for b in section.blocks if not (isinstance(b, Table | Words) and b.where == "terminal")]
        if section.where != "terminal" and blocks:
            found.append((section.title, section.about, blocks))
    return found


def _drawn(chart: Chart, column: bool = False) -> "Markup":
    """Return a chart twice, for wide and narrow places; the style sheet shows one of them."""
    from markupsafe import Markup

    from dynamicrag.lab.view.draw import to_svg

    narrow = f'<div class="narrow">{to_svg(chart, NARROW)}</div>'
    wide = "" if column else f'<div class="wide">{to_svg(chart, WIDE)}</div>'
    return Markup(f'<div class="chart{" column" if column else ""}">{wide}{narrow}</div>')  # noqa: S704


def _prose(text: str) -> "Markup":
    """Return text with what stands between backticks as code."""
    from markupsafe import Markup, escape

    pieces = cut(text, LONGEST).split("`")
    marked = (Markup("<code>{}</code>").format(p) if n % 2 else escape(p) for n, p in enumerate(pieces))
    return Markup("").join(marked)

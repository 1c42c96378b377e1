"""Tables of the terminal."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod
    from rich.table import Table

FOLDED = 16
"""Characters of a text that stay side by side on a narrow terminal."""


def plain_table(*columns: str, title: str | None = None) -> "Table":
    """Return an empty table; a column whose name ends in ``>`` is of numbers, which are never broken."""
    from rich import box
    from rich.table import Table

    table = Table(
        title=title, title_justify="left", title_style="bold",
        box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True,
    )  # fmt: skip
    for name in columns:
        numbers = name.endswith(">")
        side: JustifyMethod = "right" if numbers else "left"
        table.add_column(name.removesuffix(">"), justify=side, overflow="fold", no_wrap=numbers)
    return table


def show(out: "Console", table: "Table", *spare: str) -> None:
    """Print a table; where it is wider than the terminal, without what can be spared.

    Args:
        out: Where.
        table: From :func:`plain_table`.
        spare: Names of columns that may be left out, the first of them first; it is told which were.
    """
    left_out = []
    for name in spare:
        if _needed(out, table) <= out.width:
            break
        table = _without(table, name)
        left_out.append(name)
    out.print(table)
    if left_out:
        names = dict.fromkeys(name.strip() for name in left_out)
        out.print(f"(no room for {', '.join(names)})", style="dim")


def _without(table: "Table", name: str) -> "Table":
    """Return a table without the column of that name."""
    kept = [column for column in table.columns if column.header != name]
    slim = plain_table(title=str(table.title) if table.title else None)
    for column in kept:
        slim.add_column(
            column.header, justify=column.justify, overflow="fold", no_wrap=column.no_wrap, style=column.style
        )
    for row, cells in zip(table.rows, zip(*(column.cells for column in kept), strict=True), strict=True):
        slim.add_row(*cells, style=row.style, end_section=row.end_section)
    return slim


def _needed(out: "Console", table: "Table") -> int:
    """Return the width of a table whose texts are folded and whose numbers are whole."""
    from rich.measure import measure_renderables

    options = out.options.update(width=1000)
    widths = [
        (column.no_wrap, measure_renderables(out, options, [*column.cells, column.header]).maximum)
        for column in table.columns
    ]
    gaps = 2 * (len(widths) - 1)
    return gaps + sum(width if whole else min(width, FOLDED) for whole, width in widths)

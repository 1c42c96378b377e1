"""A page on the terminal: titles, tables and notes, without charts."""

from collections.abc import Sequence

from rich import box
from rich.console import Console, JustifyMethod
from rich.measure import measure_renderables
from rich.table import Table as RichTable
from rich.text import Text

from dynamicrag.cost.amounts import SPACE
from dynamicrag.lab.view.page import Cell, Column, Page, Row, Table, Words

STYLES = {"": "", "good": "bold green", "bad": "bold yellow", "faint": "dim", "strong": "bold"}
BAR = 16
"""Characters of a bar."""
FOLDED = 16
"""Characters of a text that stay side by side on a narrow terminal."""


def print_page(out: Console, page: Page) -> None:
    """Print a page.

    Args:
        out: The console.
        page: The page.
    """
    out.print(Text(page.kicker, "bold"))
    for section in page.sections:
        shown = [
            block for block in section.blocks if isinstance(block, Table | Words) and block.where != "html"
        ]
        if section.where == "html" or not shown:
            continue
        out.print()
        out.print(Text(section.title, "bold"))
        for number, block in enumerate(shown):
            if isinstance(block, Table):
                if block.title and number:
                    out.print()
                print_table(out, block)
            else:
                out.print(Text(_words(block.text), STYLES[block.style]))
    if page.notes:
        out.print()
    for note in page.notes:
        out.print(f"note: {_words(note)}", style="yellow")


def print_table(out: Console, table: Table) -> None:
    """Print a table; a terminal that is too narrow drops columns that can be spared, and says which.

    Args:
        out: The console.
        table: The table.
    """
    columns = list(range(len(table.columns)))
    dropped: list[str] = []
    for spare in sorted({column.spare for column in table.columns if column.spare}):
        if _width(out, _rich(table, columns)) <= out.width:
            break
        gone = [index for index in columns if table.columns[index].spare == spare]
        dropped += [table.columns[index].title for index in gone]
        columns = [index for index in columns if index not in gone]
    if table.title:  # a title of the table itself would break at the table's width
        out.print(Text(table.title, "bold"))
    out.print(_rich(table, columns))
    more = len(table.rows) - table.most
    if more > 0:
        out.print(f"… and {more:,} more: --json has them", style="dim")
    if dropped:
        out.print(f"(no room for {', '.join(dict.fromkeys(dropped))})", style="dim")


def _rich(table: Table, columns: Sequence[int]) -> RichTable:
    made = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True)
    for index in columns:
        column: Column = table.columns[index]
        side: JustifyMethod = "right" if column.number and index else "left"
        made.add_column(_words(column.title), justify=side, overflow="fold", no_wrap=column.number)
    for row in table.rows[: table.most]:
        own = row if isinstance(row, Row) else Row(row)
        if own.rule:
            made.add_section()
        made.add_row(*(_cell(own.cells[index]) for index in columns), style=STYLES[own.style])
    return made


def _cell(cell: Cell | str) -> Text:
    if isinstance(cell, str):
        return Text(_words(cell))
    bar = "" if cell.bar is None else ("█" * round(BAR * min(1.0, cell.bar))).ljust(BAR, "·") + " "
    parts: list[str | tuple[str, str]] = [(bar, "cyan"), (_words(cell.text), STYLES[cell.style])]
    if cell.small:
        parts.append((f" {_words(cell.small)}", "dim"))
    return Text.assemble(*parts)


def _words(text: str) -> str:
    return text.replace(SPACE, " ")


def _width(out: Console, table: RichTable) -> int:
    """Return the width of a table whose texts are folded and whose numbers are whole."""
    options = out.options.update(width=1000)
    widths = [
        (column.no_wrap, measure_renderables(out, options, [*column.cells, column.header]).maximum)
        for column in table.columns
    ]
    gaps = 2 * (len(widths) - 1)
    return gaps + sum(width if whole else min(width, FOLDED) for whole, width in widths)

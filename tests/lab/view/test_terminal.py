"""A page on the terminal."""

from io import StringIO

from rich.console import Console

from dynamicrag.lab.view.page import Column, Table
from dynamicrag.lab.view.terminal import print_page, print_table
from tests.lab.view.pages import page


def shown(what, width=100):
    out = StringIO()
    console = Console(file=out, width=width, markup=False, highlight=False)
    print_table(console, what) if isinstance(what, Table) else print_page(console, what)
    return out.getvalue()


def test_tables_words_and_notes_are_printed():
    text = shown(page())
    for part in ("knn · 2 queries", "Figures", ".806 (.78–.83)", "████████········ .5", "see `--json`",
                 "on the terminal", "note: mind knn"):  # fmt: skip
        assert part in text
    assert "Best first." not in text


def test_a_narrow_terminal_drops_what_can_be_spared_and_says_so():
    columns = [Column("name"), Column("first", spare=2), Column("second", spare=1)]
    table = Table(columns, [["a" * 16, "1" * 20, "2" * 20]])
    assert "no room" not in shown(table, 80)
    assert "(no room for second)" in shown(table, 50)
    assert "(no room for second, first)" in shown(table, 30)


def test_long_tables_say_how_many_rows_are_left():
    table = Table([Column("name")], [[str(n)] for n in range(9)], most=4)
    assert "… and 5 more" in shown(table)


def test_a_title_is_on_one_line_above_a_narrower_table():
    text = shown(Table([Column("a"), Column("b")], [["1", "2"]], "Share of the queries by option"))
    assert text.splitlines()[0] == "Share of the queries by option"

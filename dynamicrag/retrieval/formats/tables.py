"""Writes tables as text: every row with its column names, so that any cut stays readable."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dynamicrag.retrieval.limits import MOST_COLUMNS, MOST_ROWS

_NAMES, _NAME = 300, 12
"""Characters for all column names in a row, and minimum for one name: rows must not outgrow the table."""
_REPEATED = 400  # characters repeated in a row from cells above that span into it
_HEAD = 4  # largest number of header rows


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as written: its lines, its spans of columns and rows, and whether its lines are code."""

    lines: Sequence[str]
    columns: int = 1
    rows: int = 1
    is_code: bool = False

    @property
    def text(self) -> str:
        """The cell as one line; empty for code, which follows the row."""
        if self.is_code:
            return ""
        return " ".join(filter(None, map(str.strip, self.lines)))


class Table:
    """Turns rows into lines, one after the other: ``| Valve: V-088 | Pressure in bar: 9.8 |``.

    A table without column names becomes ``| V-088 | 9.8 |``. Cells of several lines stay unchanged in such a
    table, which is often only page layout. Empty cells are left out.
    """

    def __init__(self) -> None:
        self._head: list[list[str]] = []
        self._names: list[str] = []
        self._above: dict[int, tuple[int, str]] = {}  # column -> rows still to be filled, and their text
        self._used = True

    def add(self, cells: Sequence[Cell], *, names: bool = False) -> Iterator[str]:
        """Add a row and yield its lines; several rows of column ``names`` in sequence form one header."""
        if (
            names
            and (self._used or len(self._head) < _HEAD)
            and (len(cells) > 1 or (not self._head and cells[0].columns == 1))
        ):
            if self._used:
                yield from self.close()
                self._head = []
            self._head.append(self._place(cells, repeat=True))
            self._names, self._used = _joined(self._head), False
            return
        if not self._names and any(len(cell.lines) > 1 or cell.text.startswith("| ") for cell in cells):
            for cell in cells:
                yield from cell.lines
            return
        self._used = True
        row = self._place(cells, repeat=False)
        named = [
            f"{self._names[n]}: {text}" if n < len(self._names) and self._names[n] else text
            for n, text in enumerate(row)
            if text
        ]
        if named:
            yield _line(named)
        for cell in cells:
            yield from cell.lines if cell.is_code else ()

    def close(self) -> Iterator[str]:
        """Yield column names without a following row."""
        if not self._used:
            self._used = True
            yield _line([name for name in self._names if name])

    def _place(self, cells: Sequence[Cell], *, repeat: bool) -> list[str]:
        """Return the texts of a row by column, including those that span into it from above.

        Spans count in the first ``MOST_COLUMNS`` columns.
        """
        above, self._above = self._above, {n: (k - 1, text) for n, (k, text) in self._above.items() if k > 1}
        row: list[str] = []
        self._fill(row, above)
        for cell in cells:
            text, rows = cell.text, min(cell.rows, MOST_ROWS) - 1
            columns = max(1, min(cell.columns, MOST_COLUMNS - len(row)))
            if rows > 0 and len(row) < MOST_COLUMNS:
                spanned = ((len(row) + n, text if repeat or not n else "") for n in range(columns))
                self._above |= {column: (rows, each) for column, each in spanned}
            row += [text] * columns if repeat else [text, *[""] * (columns - 1)]
            self._fill(row, above)
        return row

    @staticmethod
    def _fill(row: list[str], above: dict[int, tuple[int, str]]) -> None:
        """Fill in the cells that span into the row."""
        room = _REPEATED - sum(map(len, row[-MOST_COLUMNS:])) if above else 0
        while len(row) in above:
            text = above.pop(len(row))[1][: max(0, room)]
            room -= len(text)
            row.append(text)


def _joined(head: Sequence[Sequence[str]]) -> list[str]:
    width = max(map(len, head))
    names = [" ".join(dict.fromkeys(row[n] for row in head if n < len(row) and row[n])) for n in range(width)]
    most = max(_NAME, _NAMES // max(1, width))
    return [name if len(name) <= most else name[: most - 1] + "…" for name in names]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |" if cells else ""

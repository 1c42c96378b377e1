"""Writes text from the events of an HTML parser: a line per block, tables by row, code unchanged."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dynamicrag.retrieval.formats.tables import Cell, Table
from dynamicrag.retrieval.limits import MOST_TABLES

_BLOCKS = frozenset(
    """
    address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset
    figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu nav ol option p
    search section summary table tbody td tfoot th thead tr ul
    """.split()  # noqa: SIM905 - a list of 55 strings is no easier to read
)
_SKIPPED = frozenset({"script", "style", "noscript", "template", "iframe", "object"})
_CODE = frozenset({"pre", "listing", "xmp", "plaintext"})
_HEADINGS = {f"h{level}": level for level in range(1, 7)}


@dataclass(slots=True)
class _Frame:
    """A target of text: the page, or a cell of a table."""

    lines: list[str] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)
    is_code: bool = False


@dataclass(slots=True)
class _OpenTable:
    table: Table = field(default_factory=Table)
    in_head: bool = False
    row: list[Cell] = field(default_factory=list)
    all_names: bool = True
    cell: tuple[int, int] | None = None  # columns and rows that the open cell spans


class HtmlWriter:
    """A target of the parser."""

    def __init__(self) -> None:
        self.depth = 0  # of the open elements
        self.title = ""
        self.headings: list[tuple[int, str]] = []  # level and text of each
        self._frames = [_Frame()]
        self._tables: list[_OpenTable] = []
        self._skipping = self._code = self._drawing = 0
        self._plain_tables = 0  # number of open tables that are nested too deep to be read as tables
        self._titled: list[str] | None = None
        self._heading: int | None = None

    # -- events --------------------------------------------------------------------------------

    def start(self, tag: object, attributes: Mapping[str, str]) -> None:
        """Handle the start of an element."""
        self.depth += 1
        if tag in _SKIPPED:
            self._skipping += 1
        elif tag == "svg":
            self._drawing += 1
        elif tag == "title" and not self._drawing:
            self._titled = []
        elif tag in _CODE:
            self._flush()
            self._code += 1
        elif tag == "br" and self._code:
            self._frames[-1].inline.append("\n")
        elif tag in _BLOCKS:
            self._open(str(tag), attributes)
        elif tag == "img" and (text := attributes.get("alt")):
            self._frames[-1].inline.append(f" {text} ")

    def end(self, tag: object) -> None:
        """Handle the end of an element."""
        self.depth -= 1
        if tag in _SKIPPED:
            self._skipping = max(0, self._skipping - 1)
        elif tag == "svg":
            self._drawing = max(0, self._drawing - 1)
        elif tag == "title" and self._titled is not None:
            self.title = self.title or " ".join("".join(self._titled).split())
            self._titled = None
        elif tag in _CODE and self._code:
            self._flush()
            self._code -= 1
        elif tag in _BLOCKS and tag != "br":
            self._shut(str(tag))

    def data(self, text: str) -> None:
        """Handle text."""
        if self._titled is not None:
            self._titled.append(text)
        elif not self._skipping:
            self._frames[-1].inline.append(text)

    def comment(self, text: str) -> None:
        """Ignore a comment."""

    def close(self) -> None:
        """Close all open elements: the parser has finished, or restarts."""
        while self._tables:
            self._shut("table")
        self._flush()
        self._skipping = self._code = self._drawing = self._plain_tables = 0
        self._titled = None

    def text(self) -> str:
        """Return all lines."""
        return "\n".join(self._frames[0].lines)

    # -- blocks --------------------------------------------------------------------------------

    def _open(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._flush()
        if tag in _HEADINGS:
            self._heading = _HEADINGS[tag]
        elif tag == "table":
            if len(self._tables) < MOST_TABLES:
                self._tables.append(_OpenTable())
            else:
                self._plain_tables += 1
        elif self._tables and not self._plain_tables:
            self._open_part(self._tables[-1], tag, attributes)

    def _open_part(self, table: _OpenTable, tag: str, attributes: Mapping[str, str]) -> None:
        if tag in ("tr", "thead", "tbody", "tfoot"):
            self._end_row(table)
            table.in_head = tag == "thead" or (tag == "tr" and table.in_head)
        elif tag in ("td", "th"):
            self._end_cell(table)
            table.all_names &= tag == "th"
            table.cell = _number(attributes.get("colspan")), _number(attributes.get("rowspan"))
            self._frames.append(_Frame())

    def _shut(self, tag: str) -> None:
        self._flush()
        if tag == "table" and self._plain_tables:
            self._plain_tables -= 1
        elif self._tables and not self._plain_tables:
            table = self._tables[-1]
            if tag in ("td", "th"):
                self._end_cell(table)
            elif tag in ("tr", "thead", "tbody", "tfoot", "table"):
                self._end_row(table)
                table.in_head &= tag == "tr"
            if tag == "table":
                self._tables.pop()
                self._frames[-1].lines += table.table.close()

    def _end_cell(self, table: _OpenTable) -> None:
        if table.cell is not None:
            self._flush()
            columns, rows = table.cell
            frame = self._frames.pop()
            table.row.append(Cell(frame.lines, columns, rows, frame.is_code))
            table.cell = None

    def _end_row(self, table: _OpenTable) -> None:
        self._end_cell(table)
        if table.row:
            names = table.in_head or table.all_names
            self._frames[-1].lines += table.table.add(table.row, names=names)
        table.row, table.all_names = [], True

    def _flush(self) -> None:
        """End the line, or the block of code."""
        frame = self._frames[-1]
        text = "".join(frame.inline)
        frame.inline = []
        if self._code:
            frame.is_code |= "\n" in text.strip("\n")
            lines = [line.rstrip() for line in text.replace("\xa0", " ").strip("\n").split("\n")]
        else:
            lines = [" ".join(text.split())]
        frame.lines += lines if any(lines) else []
        if self._heading is not None:
            self.headings.append((self._heading, " ".join(lines)))
            self._heading = None


def _number(value: str | None) -> int:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 6 else 1

"""The view model of a page: a headline, figures, sections of tables, charts and words.

All text is plain and may come from users, documents or models: the renderers escape it. Words between
backticks are code. A block or section is shown on the terminal, in the HTML file, or on both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from dynamicrag.lab.view.charts import Chart

Where = Literal["both", "terminal", "html"]
Style = Literal["", "good", "bad", "faint", "strong"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: The figure or name.
        small: A text in small letters beside it, such as an interval.
        style: The style of the cell.
        shade: The colour of the series that it names, as in a legend; empty for none.
        bar: A share from 0 to 1, drawn as a bar.
        heat: A share from -1 to 1, drawn as a background: above 0 good, below 0 bad.
    """

    text: str
    small: str = ""
    style: Style = ""
    shade: str = ""
    bar: float | None = None
    heat: float | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        title: Its heading.
        number: Whether it holds numbers, which stand on the right and are never broken.
        spare: Order in which a narrow terminal drops columns: 1 is dropped first, 0 never.
    """

    title: str
    number: bool = True
    spare: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table.

    Attributes:
        cells: As many as there are columns.
        style: The style of the whole row.
        rule: Whether a line is drawn above it.
    """

    cells: Sequence[Cell | str]
    style: Style = ""
    rule: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns.

    Attributes:
        columns: The first names the row.
        rows: From the first to the last; a sequence of cells is a row without a style.
        title: Its title, if the section needs one.
        most: The number of rows shown; a line says how many more there are.
        where: The renderers that show it.
    """

    columns: Sequence[Column]
    rows: Sequence[Row | Sequence[Cell | str]]
    title: str = ""
    most: int = 50
    where: Where = "both"


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart in a frame; the terminal shows none.

    Attributes:
        chart: The chart.
        title: Its title.
        about: Its basis, beside the title.
        legend: Names of series by the class of their colour.
    """

    chart: Chart
    title: str = ""
    about: str = ""
    legend: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph.

    Attributes:
        text: The paragraph.
        style: The style of the paragraph.
        where: The renderers that show it.
    """

    text: str
    style: Style = "faint"
    where: Where = "both"


@dataclass(frozen=True, slots=True)
class Terms:
    """Explanations of words, on the HTML page alone.

    Attributes:
        words: Explanations by word.
    """

    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pair:
    """Figures in two columns, where there is room.

    Attributes:
        figures: From left to right, then down.
    """

    figures: Sequence[Figure]


Block = Table | Figure | Words | Terms | Pair


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page.

    Attributes:
        title: Its heading.
        blocks: Its content.
        about: A sentence about it, on the HTML page alone.
        where: The renderers that show it.
    """

    title: str
    blocks: Sequence[Block]
    about: str = ""
    where: Where = "both"


@dataclass(frozen=True, slots=True)
class Headline:
    """The finding in a sentence.

    Attributes:
        text: The sentence, or its begin.
        emphasis: A part in the colour of good or bad news.
        rest: The end of the sentence.
        bad: Whether the news is bad.
    """

    text: str
    emphasis: str = ""
    rest: str = ""
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Tile:
    """A main figure of a page.

    Attributes:
        title: Its title.
        value: The figure with its unit.
        about: Its basis.
    """

    title: str
    value: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """The results of a command, for every renderer.

    Attributes:
        name: Its name, for the title of the window.
        command: The command that made it.
        kicker: The data: the only head line of the terminal.
        headline: The finding.
        lede: The basis of the finding.
        sections: From first to last.
        tiles: The main figures; the terminal leaves them out.
        notes: Notes for the reader.
        absent: A sentence on the data that the file does not hold.
    """

    name: str
    command: str
    kicker: str
    headline: Headline
    lede: str = ""
    sections: Sequence[Section] = ()
    tiles: Sequence[Tile] = ()
    notes: Sequence[str] = field(default=())
    absent: str = "No questions and no answers are in this file."

"""Charts as data; :mod:`.plotted` draws them.

A series has the class of its colour: ``c0`` to ``c7``, ``rest`` and ``rest2`` for what belongs to none,
``base`` for what others are compared with.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Dash = Literal["solid", "dashed", "dotted"]
Format = Callable[[float], str]


def plain_number(value: float) -> str:
    """Return a number of a scale, without zeros behind the point."""
    return f"{value:,.6g}".replace("-", "−")


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale.

    Attributes:
        title: The quantity.
        low: Lower end; ``None`` leaves it to the data.
        high: Upper end.
        logarithmic: Whether equal steps are equal factors.
        text: Formats a value.
    """

    title: str = ""
    low: float | None = None
    high: float | None = None
    logarithmic: bool = False
    text: Format = plain_number


@dataclass(frozen=True, slots=True)
class Line:
    """A curve.

    Attributes:
        name: Name of the series.
        points: Values across and up, from left to right.
        shade: The class of its colour.
        dash: The pattern of its dashes.
    """

    name: str
    points: Sequence[tuple[float, float]]
    shade: str = "c0"
    dash: Dash = "solid"


@dataclass(frozen=True, slots=True)
class Dot:
    """A point.

    Attributes:
        name: Its name.
        x: Its place across.
        y: Its place up.
        ends: The interval of ``y``.
        shade: The class of its colour; empty for that of the text.
        strong: Whether it is larger than others.
        named: Whether its name stands beside it.
    """

    name: str
    x: float
    y: float
    ends: tuple[float, float] | None = None
    shade: str = ""
    strong: bool = False
    named: bool = True


@dataclass(frozen=True, slots=True)
class Curves:
    """Lines and dots on two scales.

    Attributes:
        title: Description of the chart for screen readers.
        lines: The most important first.
        dots: Drawn above the lines.
        x: The scale across.
        y: The scale up.
        small: Whether half the height is enough.
    """

    title: str
    lines: Sequence[Line] = ()
    dots: Sequence[Dot] = ()
    x: Axis = Axis()
    y: Axis = Axis()
    small: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A value with an interval or percentiles.

    Attributes:
        label: Its name.
        low: Lower end.
        value: The value itself.
        high: Upper end.
        text: The value in words.
        shade: The class of its colour.
    """

    label: str
    low: float
    value: float
    high: float
    text: str
    shade: str = "c0"


@dataclass(frozen=True, slots=True)
class Spans:
    """Values with their intervals, one below the other on one scale.

    Attributes:
        title: Description of the chart for screen readers.
        rows: From the top.
        x: The scale; 0 is marked where it lies within.
    """

    title: str
    rows: Sequence[Span]
    x: Axis = Axis()


@dataclass(frozen=True, slots=True)
class Stack:
    """A divided bar.

    Attributes:
        label: Its name.
        parts: Amounts by the class of the colour, from the first.
        about: Its tooltip.
    """

    label: str
    parts: Mapping[str, float]
    about: str = ""


@dataclass(frozen=True, slots=True)
class Bars:
    """Divided bars side by side.

    Attributes:
        title: Description of the chart for screen readers.
        columns: From left to right; their labels are shown where there is room.
        y: The scale; give ``high`` to charts that are to be compared.
    """

    title: str
    columns: Sequence[Stack]
    y: Axis = Axis()


@dataclass(frozen=True, slots=True)
class Strips:
    """Divided bars one below the other.

    Attributes:
        title: Description of the chart for screen readers.
        rows: From the top.
        x: The scale; give ``high`` for the amount that fills the width.
    """

    title: str
    rows: Sequence[Stack]
    x: Axis = Axis()


@dataclass(frozen=True, slots=True)
class Histogram:
    """The share of values between edges.

    Attributes:
        title: Description of the chart for screen readers.
        counts: Number of values by bin.
        edges: Lower ends of the bins, and the upper end of the last.
        marks: Values to be marked, by name.
        x: The scale across.
        y: The scale up, of shares.
        shade: The class of its colour.
    """

    title: str
    counts: Sequence[int]
    edges: Sequence[float]
    marks: Mapping[str, float]
    x: Axis = Axis()
    y: Axis = Axis()
    shade: str = "c0"


Chart = Curves | Spans | Bars | Strips | Histogram

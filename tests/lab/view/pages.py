"""Pages for the tests of the renderers."""

from dynamicrag.lab.view.charts import (
    Axis,
    Bars,
    Chart,
    Curves,
    Dot,
    Histogram,
    Line,
    Span,
    Spans,
    Stack,
    Strips,
)  # fmt: skip
from dynamicrag.lab.view.page import (
    Block,
    Cell,
    Column,
    Figure,
    Headline,
    Page,
    Pair,
    Row,
    Section,
    Table,
    Terms,
    Tile,
    Words,
)  # fmt: skip

HOSTILE = '<script>alert("1")</script>\x1b[2J\u202e'


def charts(name: str = "knn") -> list[Chart]:
    """Return one chart of every kind."""
    return [
        Curves(
            f"curves of {name}", [Line(name, [(1, 0.3), (10, 0.6)]), Line("draw", [(1, 0.2)], dash="dotted")],
            [Dot(name, 1, 0.3, (0.2, 0.4)), Dot("large", 10, 0.6, strong=True)],
            Axis("joules", logarithmic=True), Axis("quality"),
        ),
        Spans("spans", [Span(name, -0.1, 0.1, 0.2, "+.1")]),
        Bars("bars", [Stack("Monday", {"c0": 2.0, "rest": 1.0}, f"about {name}")]),
        Strips("strips", [Stack(name, {"c0": 1.0})], Axis(high=2.0)),
        Histogram("histogram", [1, 3, 0], [0, 1, 2, 3], {"p50": 1.5}),
    ]  # fmt: skip


def page(name: str = "knn") -> Page:
    """Return a page that has a block of every kind."""
    rows = [
        Row([Cell(name, shade="c0"), Cell(".806", "(.78–.83)", "good"), "12"], "strong"),
        ["all", Cell(".5", bar=0.5), Cell("3", heat=-0.4)],
    ]
    table = Table([Column("router"), Column("quality"), Column("queries", spare=1)], rows)
    blocks: list[Block] = [table, Words("see `--json`"), Terms({"quality": "from 0 to 1"})]
    drawn = [Figure(chart, name, "about", [("c0", name)]) for chart in charts(name)]
    return Page(
        "test", "dynamicrag test", f"{name} · 2 queries", Headline(name, "38 % less", "energy"), "Lede.",
        [Section("Figures", [*blocks, *drawn, Pair(drawn[:2])], "Best first."),
         Section("Only here", [Words("on the terminal")], where="terminal")],
        [Tile("quality", ".806", name)], [f"mind {name}"],
    )  # fmt: skip

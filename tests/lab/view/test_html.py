"""A page as one HTML file."""

import re
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from dynamicrag.lab.view.charts import Bars, Stack
from dynamicrag.lab.view.draw import to_png, to_svg
from dynamicrag.lab.view.html import to_html
from dynamicrag.lab.view.plotted import COLOURS
from tests.lab.view.pages import HOSTILE, charts, page

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


@pytest.mark.slow
def test_everything_is_shown_but_what_is_for_the_terminal():
    text = to_html(page(), NOW)
    for part in ("38 % less", "Best first.", "(.78–.83)", "<code>--json</code>", "from 0 to 1", "mind knn",
                 "2026-01-02 at 03:04"):  # fmt: skip
        assert part in text
    assert "on the terminal" not in text


def test_untrusted_text_is_escaped_everywhere():
    text = to_html(page(HOSTILE), NOW)
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert not re.search("[\x00-\x08\x1b\u202e]", text)


def test_the_file_asks_for_nothing():
    text = to_html(page(), NOW)
    assert "default-src 'none'" in text
    links = re.findall(r'(?:src|href)="([^"#][^"]*)"|url\(([^)#]+)\)', text)
    assert not links


@pytest.mark.parametrize("chart", charts(HOSTILE), ids=lambda chart: type(chart).__name__)
def test_a_chart_is_well_formed_and_takes_the_colours_of_the_page(chart):
    svg = to_svg(chart, 9.0)
    root = ElementTree.fromstring(svg)
    assert root.attrib["aria-label"]
    assert "var(--c0)" in svg
    assert COLOURS["c0"] not in svg
    assert to_svg(chart, 9.0) == svg


def test_a_bar_says_what_it_is_when_it_is_pointed_at():
    bars = charts("a & b")[2]
    assert "<title>about a &amp; b</title>" in to_svg(bars, 9.0)


def test_a_divided_bar_has_one_title_and_short_coordinates():
    column = Stack("a", {"c0": 1.0, "c1": 1 / 3, "rest": 2.0}, "about a")
    svg = to_svg(Bars("title", [column, Stack("b", {"c0": 1.0}, "about b")]), 9.0)
    ElementTree.fromstring(svg)
    assert (svg.count("<title>about a</title>"), svg.count("<title>about b</title>")) == (1, 1)
    assert not re.search(r' d="[^"]*\.\d{3}', svg)


def test_a_picture_is_written(tmp_path):
    to_png(charts()[0], tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")

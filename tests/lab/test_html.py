"""The HTML report: whole, self-contained, and deaf to what names try to say."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from dynamicrag.lab.report import charts
from dynamicrag.lab.report.make import make_report
from dynamicrag.lab.report.page import to_html
from dynamicrag.lab.report.selection import By, Selection
from dynamicrag.lab.view.amounts import amount, digits, percent, safe
from tests.lab.turns import asked, process

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
VOID = ("meta", "line", "rect", "circle")


class Reader(HTMLParser):
    """Collects elements, attributes and text, and checks that elements are closed in order."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text, self.open = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def page(turns, processes=None, **selection):
    chosen = Selection(**selection)
    made = make_report(turns, {"p1": process()} if processes is None else processes, chosen)
    return to_html(made, chosen.of(turns), NOW)


def read(document):
    reader = Reader()
    reader.feed(document)
    assert reader.open == []
    return reader


def compared(number=10, **changes):
    mine = [asked(n, 5.0 + n, question=f"q{n}", **changes) for n in range(number)]
    return mine + [asked(50 + n, 20.0, question=f"q{n}", policy="always-large") for n in range(number)]


def test_everything_is_in_the_one_file():
    document = page(compared())
    reader = read(document)
    assert not {"script", "link", "img", "iframe", "object", "base", "form", "a"} & set(reader.tags)
    assert not re.search(r"https?:|url\(|@import|javascript:", document)
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in reader.attributes
    assert not [name for name, _ in reader.attributes if name.startswith("on") or name in ("href", "src")]
    text = " ".join(reader.text)
    for title in ("What routing saved", "Energy over time", "Whose energy it was", "What the numbers mean"):
        assert title in text
    assert "52" in text
    assert "10 questions answered under both" in text
    for word in ("modelled", "active", "full", "codecarbon"):
        assert word in text.lower()


def test_every_chart_says_what_it_shows():
    document = page(compared())
    drawn = [one for one in re.findall(r"<svg[^>]*>.{0,60}", document) if "aria-hidden" not in one]
    assert len(drawn) >= 8
    assert all('role="img"' in one and "<title>" in one for one in drawn)


@pytest.mark.parametrize("by", list(By))
def test_hostile_names_stay_text(by):
    turns = compared(policy=HOSTILE, thread=HOSTILE, path={"generator": HOSTILE}, error=HOSTILE)
    reader = read(page(turns, {"p1": process(meter=HOSTILE)}, by=by))
    assert not {"script", "img"} & set(reader.tags)
    assert not [name for name, _ in reader.attributes if name.startswith("on")]


def test_questions_and_answers_are_left_out():
    document = page(compared(question_text="?", answer="the secret answer"))
    assert "secret" not in document


def test_a_report_of_one_query_without_any_baseline():
    document = page([asked(1, 0.0, first_token_seconds=None, stages={}, path={})], {})
    read(document)
    assert "<code>dynamicrag ask --baseline always-large …</code>" in document
    assert "no accounts to add up" in document
    assert "nan" not in document.lower()


def test_a_residual_is_shown():
    document = page(compared(), {"p1": process(residual=5.0)})
    assert "do not add up" in document
    assert "in no account" in document


def test_a_loss_is_called_more():
    turns = [asked(n, 30.0, question=f"q{n}") for n in range(6)]
    turns += [asked(50 + n, 20.0, question=f"q{n}", policy="always-large") for n in range(6)]
    assert re.search(r'<em class="worse">50\s%\smore</em>', page(turns))


def test_many_queries_become_bins_of_equal_count():
    document = page([asked(n, 1.0 + n % 7) for n in range(500)])
    assert "the mean of 9 queries" in document
    assert len(document) < 200_000


def test_many_groups_and_policies_are_cut_and_it_is_said():
    turns = [asked(n, thread=f"thread-{n}", policy=f"policy-{n % 9}") for n in range(80)]
    document = page(turns, by=By.thread)
    assert "30 more are in the files" in document
    assert "6 of 9 policies are drawn" in document


def test_bars_are_as_high_as_they_should_be():
    column = charts.Column("now", "about", {"c0": 30.0, "rest": 10.0})
    drawing = charts.bars("title", [column], 40.0, "joules")
    heights = [float(height) for height in re.findall(r'<rect[^>]*height="([\d.]+)"', drawing)]
    assert heights[0] == pytest.approx(3 * heights[1], abs=0.02)
    assert charts.ticks(40.0) == [0, 10, 20, 30, 40]
    assert charts.ticks(0.0) == [0.0, 1.0]
    assert charts.ticks(41.0)[-1] >= 41


def test_policies_asked_more_or_less_often_are_compared_by_shares():
    few, many = (
        charts.histogram("title", counts, [0.0, 10.0, 20.0], 0.75, "joules", {})
        for counts in ((1, 3), (100, 300))
    )
    heights = re.compile(r'<rect[^>]*height="([\d.]+)"')
    assert heights.findall(few) == heights.findall(many)
    assert "300 of 400 from" in many


def test_the_widths_of_a_strip_are_its_shares():
    drawing = charts.strip("title", [("c0", "a", 3.0), ("c1", "b", 1.0)], 4.0)
    assert re.findall(r'<rect[^>]* width="([\d.]+)%"', drawing) == ["75.000", "25.000"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (9.996, "10.0"), (38.34, "38.3"), (1240.4, "1,240"), (0.0164, "0.0164"), (-2.5, "−2.50")],
)
def test_digits(value, text):
    assert digits(value) == text


def test_amounts_and_shares():
    assert amount("joules", 12_340).replace("\u00a0", " ") == "12.3 kJ"
    assert amount("joules", 999.7).replace("\u00a0", " ") == "1.00 kJ"
    assert amount("gco2e", 0.0042).replace("\u00a0", " ") == "4.20 mg CO₂e"
    assert (amount("usd", 1.5), amount("usd", -0.25)) == ("$1.50", "−$0.250")
    assert amount("joules", 40.0, brief=True) == "40\u00a0J"
    assert [percent(share) for share in (0.543, -0.1, 0.004, 0.0, 1.0, -1e-5)] == [
        "54\u00a0%", "−10\u00a0%", "0.4\u00a0%", "0\u00a0%", "100\u00a0%", "≈\u00a00\u00a0%",
    ]  # fmt: skip


def test_names_are_cut_and_cannot_turn_the_text_around():
    assert safe("a\u202eb\u200bc\x00") == "abc"
    assert safe("x" * 100) == "x" * 79 + "…"
    assert safe("<&\"'") == "&lt;&amp;&quot;&#x27;"

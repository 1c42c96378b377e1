"""The HTML report: whole, self-contained, and deaf to what names try to say."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from dynamicrag.lab.report import drawn
from dynamicrag.lab.report.make import make_report
from dynamicrag.lab.report.selection import By, Selection
from dynamicrag.lab.report.view import page as page_of
from dynamicrag.lab.view.html import to_html
from tests.lab.turns import asked, books, figures

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
VOID = ("meta",)


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
    made = make_report(turns, {"p1": books()} if processes is None else processes, chosen)
    return to_html(page_of(made, chosen.of(turns)), NOW)


def read(document):
    reader = Reader()
    reader.feed(document)
    assert reader.open == []
    return reader


def compared(number=10, **changes):
    mine = [asked(n, 5.0 + n, question=f"q{n}", **changes) for n in range(number)]
    return mine + [asked(50 + n, 20.0, question=f"q{n}", policy="always-large") for n in range(number)]


@pytest.mark.slow
def test_everything_is_in_the_one_file():
    document = page(compared())
    reader = read(document)
    assert not {"script", "link", "img", "iframe", "object", "base", "form", "a"} & set(reader.tags)
    assert not re.search(r"url\((?!#)|@import|javascript:", document)
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in reader.attributes
    assert not [name for name, _ in reader.attributes if name.startswith("on") or name in ("href", "src")]
    text = " ".join(reader.text)
    for title in (
        "Saved against always-large",
        "Energy over time",
        "Whose energy it was",
        "What the numbers mean",
    ):
        assert title in text
    assert "52" in text
    assert "10 questions answered under both" in text
    for word in ("modelled", "active", "full", "codecarbon"):
        assert word in text.lower()


@pytest.mark.slow
def test_every_chart_says_what_it_shows():
    document = page(compared())
    charts = re.findall(r"<svg[^>]*>.{0,60}", document)
    assert len(charts) >= 8
    assert all('role="img"' in one and "<title>" in one for one in charts)


@pytest.mark.slow
@pytest.mark.parametrize(
    "by", [By.policy, *(pytest.param(by, marks=pytest.mark.slow) for by in By if by != By.policy)]
)
def test_hostile_names_stay_text(by):
    turns = compared(policy=HOSTILE, thread=HOSTILE, path={"generator": HOSTILE}, error=HOSTILE)
    reader = read(page(turns, {"p1": books(meter=HOSTILE)}, by=by))
    assert not {"script", "img"} & set(reader.tags)
    assert not [name for name, _ in reader.attributes if name.startswith("on")]


@pytest.mark.slow
def test_questions_and_answers_are_left_out():
    document = page(compared(answer="the secret answer"))
    assert "secret" not in document


def test_a_report_of_one_query_without_any_baseline():
    document = page([asked(1, 0.0, first_token_seconds=None, stages={}, path={})], {})
    read(document)
    assert "<code>dynamicrag ask --baseline always-large …</code>" in document
    assert "no accounts to add up" in document
    assert "nan" not in document.lower()


@pytest.mark.slow
def test_a_residual_is_shown():
    document = page(compared(), {"p1": books(residual=5.0)})
    assert "do not add up" in document
    assert "in no account" in document


@pytest.mark.slow
def test_a_loss_is_called_more():
    turns = [asked(n, 30.0, question=f"q{n}") for n in range(6)]
    turns += [asked(50 + n, 20.0, question=f"q{n}", policy="always-large") for n in range(6)]
    assert re.search(r'<em class="worse">50\s%\smore</em>', page(turns))


@pytest.mark.slow
def test_many_queries_become_bins_of_equal_count():
    document = page([asked(n, 1.0 + n % 7) for n in range(500)])
    assert "the mean of 9 queries" in document
    assert len(document) < 200_000


@pytest.mark.slow
def test_many_groups_and_policies_are_cut_and_it_is_said():
    turns = [asked(n, thread=f"thread-{n}", policy=f"policy-{n % 9}") for n in range(80)]
    document = page(turns, by=By.thread)
    assert "30 more are in the file" in document
    assert "6 of 9 policies are shown" in document


def over_time(turns):
    (figure,) = drawn.over_time({"balanced": turns})
    return figure.chart.columns


def test_a_bar_is_the_full_energy_of_its_queries_by_stage():
    (column,) = over_time([asked(1, 40.0)])
    assert column.parts == {"c2": pytest.approx(4), "c0": pytest.approx(36), "rest2": pytest.approx(20)}
    assert (
        "40.0\u00a0J active (retriever 4.00\u00a0J, generator 36.0\u00a0J), 60.0\u00a0J full" in column.about
    )
    wide = over_time([asked(n, 10.0) for n in range(121)])
    assert len(wide) == 41
    assert sum(wide[-1].parts.values()) == pytest.approx(15)  # the last is the mean of one query alone


def test_policies_are_counted_between_the_same_edges():
    few, many = drawn.distribution(
        {"a": [asked(n, joules) for n, joules in enumerate((1.0, 9.0))],
         "b": [asked(n, 24.0) for n in range(6)]}, "b",
    )  # fmt: skip
    assert few.chart.edges == many.chart.edges
    assert [sum(one.chart.counts) for one in (few, many)] == [2, 6]
    assert (few.chart.counts[1], many.chart.counts[-1]) == (1, 6)
    assert (few.chart.shade, many.chart.shade) == ("c0", "base")


def test_the_savings_of_one_policy_or_of_several_are_drawn():
    made = make_report(compared(), {}, Selection())
    rows = drawn.saved(made.saving.policies).chart.rows
    assert [row.label for row in rows] == ["energy, active", "energy, full", "time to answer"]
    both = {"a": made.saving.policies["balanced"], "b": made.saving.policies["balanced"]}
    assert [row.label for row in drawn.saved(both).chart.rows] == ["a", "b"]
    assert rows[0].low < rows[0].value < rows[0].high
    nothing = {"cost": figures(0.0), "full": figures(0.0), "wall_seconds": 0.0}
    free = [turn.model_copy(update=nothing) for turn in compared()]
    assert drawn.saved(make_report(free, {}, Selection()).saving.policies) is None

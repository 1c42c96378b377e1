"""The report's summary of feedback."""

import pytest

from dynamicrag.lab.report.feedback import FeedbackSummary, Learner, Score, Source, summarise_feedback
from dynamicrag.lab.report.make import make_report
from dynamicrag.lab.report.selection import Selection
from dynamicrag.lab.report.view import page
from dynamicrag.lab.view.html import to_html
from dynamicrag.store.logged import Feedback
from tests.lab.turns import asked
from tests.learning.logged import logged, wrote


def thumb(number, score, *, source="user", stage="", of=None):
    return Feedback(f"t{of or number}", "thumb", source, 0.0, score=score, stage=stage, number=number)


def turns():
    names = ["small", "large"]
    return [
        asked(n, path={"generator": names[n > 2]}, options={"generator": names}, policy="ab"[n % 2])
        for n in range(1, 5)
    ]


def test_amounts_and_means():
    items = [thumb(1, 1.0), thumb(2, 0.0), thumb(3, 1.0), thumb(4, 0.5, source="gold"), thumb(9, 0.0, of=99)]
    items += [thumb(5, 0.0, stage="generator", of=1)]
    items += [
        Feedback("t1", "preference", "user", 0.0, stage="generator", a="small", b="large", y=1.0, number=6)
    ]
    found = summarise_feedback(turns(), items)
    assert found.sources == {"gold": Source(1, 0, 1), "user": Source(4, 1, 3)}
    assert found.policies == {
        "a": {"gold": Score(1, 0.5), "user": Score(1, 0.0)}, "b": {"user": Score(2, 1.0)},
    }  # fmt: skip
    assert found.options == {
        "small": {"user": Score(2, 0.5)}, "large": {"gold": Score(1, 0.5), "user": Score(1, 1.0)},
    }  # fmt: skip
    assert list(found.options) == ["small", "large"], "weakest first"


def test_an_abstention_is_no_answer_of_a_model():
    found = summarise_feedback([asked(1, abstained=True)], [thumb(1, 0.0)])
    assert found.policies["balanced"]["user"] == Score(1, 0.0)
    assert found.options == {}


def test_what_the_learners_have_read():
    queries = [
        logged(wrote(0, "small", router="online", state=state), name=f"t{state}", policy="a")
        for state in (0, 2, 3)
    ]
    found = summarise_feedback(turns(), [thumb(n, 1.0) for n in (1, 3, 4, 7)], queries)
    assert found.learners == [Learner("a", "generator", "online", 2, 2)]


def test_nothing_gives_nothing():
    assert summarise_feedback(turns(), []) == FeedbackSummary()
    assert "Feedback" not in to_html(page(make_report(turns(), {}, Selection()), turns()))


@pytest.mark.parametrize("source", ["user", "<b>x</b>"])
def test_the_page(source):
    summary = summarise_feedback(
        turns(), [thumb(1, 1.0, source=source), thumb(2, 0.0)],
        [logged(wrote(0, "small", router="online", state=1), policy="a")],
    )  # fmt: skip
    html = to_html(page(make_report(turns(), {}, Selection(), feedback=summary), turns()))
    assert "the router online of generator had read 1 scores and preferences; 1 came after" in html
    assert "<b>x</b>" not in html

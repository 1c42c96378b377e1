from rich.console import Console

from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable, Row
from dynamicrag.lab.record.results import result_of
from dynamicrag.lab.record.view import page
from dynamicrag.lab.view.html import to_html
from dynamicrag.lab.view.terminal import print_page

ANSWERS = {
    "q1": {"small": Outcome(0.0, {"joules": 1.0}), "large": Outcome(1.0, {"joules": 4.0})},
    "q2": {"small": Outcome(1.0, {"joules": 1.0}), "large": Outcome(1.0, {"joules": 4.0})},
    "q3": {"small": Outcome(0.0, {"joules": 1.0}, error="<b>boom</b>"), "large": Outcome(float("nan"))},
}


def result(judging=None):
    table = OutcomeTable([Row(name, "Why?", outcomes) for name, outcomes in ANSWERS.items()])
    return result_of(table, "t.jsonl", "f1", judging)


def printed(found):
    out = Console(width=100, markup=False, highlight=False)
    with out.capture() as captured:
        print_page(out, page(found))
    return " ".join(captured.get().split())


def test_the_oracle_takes_the_cheapest_of_the_best_paths_of_a_question():
    found = result()
    assert dict(found.oracle.shares) == {"small": 2 / 3, "large": 1 / 3}
    assert found.oracle.score.quality == 2 / 3
    assert found.oracle.costs["joules"] == 2.0
    assert (found.paths["small"].failed, found.paths["small"].error) == (1, "<b>boom</b>")
    assert found.paths["large"].score.scored == 2


def test_scores_and_costs_lie_beside_the_other_keys_of_a_path():
    found = result({"joules": 2.0}).as_json()
    assert list(found["paths"]["small"]) == [
        "path", "runs", "failed", "error", "quality", "low", "high", "scored", "joules",
    ]  # fmt: skip
    assert set(found["oracle"]) == {"quality", "low", "high", "scored", "joules", "shares"}
    assert found["judge"] == {"disobeyed": 0, "agreement": {}, "cost": {"joules": 2.0}}
    assert "judge" not in result().as_json()


def test_the_terminal_shows_every_path_the_oracle_and_failures():
    text = printed(result())
    assert "3 questions, 2 paths, quality by f1" in text
    assert "large 3 1.000" in text
    assert "oracle 3 .667" in text
    assert "small 67 %, large 33 %" in text
    assert "note: 1 runs failed; they count as quality 0" in text
    assert "table: t.jsonl" in text


def test_the_page_can_be_written_as_html():
    html = to_html(page(result()))
    assert "&lt;b&gt;boom" not in html  # not every run of the path failed
    assert "large is the best single path, at 1.000;" in html

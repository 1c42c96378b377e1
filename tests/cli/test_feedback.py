"""Feedback on the command line and in a conversation; the explanation and the report show it."""

import io
import json
import re

import pytest

from dynamicrag.cli.stores import open_log

STEPS = "How many steps has the lighthouse?"
KEEPER = "Who keeps it?"


@pytest.fixture
def here(there, monkeypatch):
    monkeypatch.setenv("DYNAMICRAG_DATA", str(there / "data"))
    return there


@pytest.fixture
def query(here, run):
    """The id of a query that was asked."""
    code, _, err = run("ask", STEPS, "-p", "p.yaml", "--json", "a.json")
    assert (code, err) == (0, "")
    return json.loads((here / "a.json").read_text().splitlines()[0])["turn"]


def stored():
    return [
        (item.query_id, item.name, item.source, item.score, item.stage) for item in open_log().feedbacks()
    ]


def test_ask_says_how_to_rate_its_answer(here, run):
    _, out, _ = run("ask", STEPS, "-p", "p.yaml")
    command = re.search(r"rate it: dynamicrag (feedback [0-9a-f]{24} up)", out)
    assert run(*command[1].split())[:2] == (0, "stored: thumb 1 for the answer (source user)\n")
    _, out, _ = run("ask", "-q", "q.jsonl", "-p", "p.yaml", "-v")
    assert "rate it" not in out
    assert len(re.findall(r"query  [0-9a-f]{24}", out)) == 2


@pytest.mark.parametrize(("score", "value"), [("up", 1.0), ("down", 0.0), ("0.25", 0.25), ("1", 1.0)])
def test_scores(query, run, score, value):
    assert run("feedback", query, score)[0] == 0
    assert stored() == [(query, "thumb", "user", value, "")]


def test_twice_and_changed(query, run):
    run("feedback", query, "up")
    assert "stored before, unchanged" in run("feedback", query, "up")[1]
    assert run("feedback", query, "down")[1] == "stored: thumb 0 for the answer (source user)\n"
    assert stored() == [(query, "thumb", "user", 0.0, "")]


def test_a_stage_a_name_and_a_source(query, run):
    run("feedback", query, ".5", "--stage", "generator", "--name", "stars", "--source", "crm")
    assert stored() == [(query, "stars", "crm", 0.5, "generator")]


def test_preferences(query, run):
    code, out, _ = run("feedback", query, "--prefer", "large", "--over", "small")
    assert (code, out) == (0, "stored: large better than small at generator (source user)\n")
    code, out, _ = run("feedback", query, "--prefer", "large", "--over", "small", "--tie")
    assert (code, out) == (0, "stored: large as good as small at generator (source user)\n")
    (item,) = open_log().feedbacks()
    assert item.y == 0.5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["1.5"], "score is 1.5; valid: a number from 0 to 1"),
        (["nan"], "score is nan"),
        (["good"], "SCORE is 'good'; valid: a number from 0 to 1, up or down"),
        (["up", "--stage", "rerank"], "unknown stage 'rerank'"),
        (["--prefer", "huge", "--over", "small"], "unknown option 'huge'"),
        (["--prefer", "small", "--over", "small"], "compared with itself"),
    ],
)
def test_bad_values_are_one_line_and_store_nothing(query, run, arguments, words):
    code, _, err = run("feedback", query, *arguments)
    assert code == 1
    assert words in err
    assert err.count("\n") == 1
    assert stored() == []


@pytest.mark.parametrize(
    "arguments",
    [[], ["--over", "small"], ["up", "--tie"], ["--prefer", "large"], ["up", "--prefer", "a", "--over", "b"]],
)
def test_wrong_usage(query, run, arguments):
    code, _, err = run("feedback", query, *arguments)
    assert code == 2
    assert "give" in err


def test_an_unknown_query(here, run):
    code, _, err = run("feedback", "0" * 24, "up")
    assert code == 1
    assert "not in the decision log" in err
    assert "runs.keep" in err


def test_a_store_that_is_down(here, run):
    (here / "data").mkdir()
    (here / "data" / "runs.sqlite").write_text("no database")
    code, _, err = run("feedback", "0" * 24, "up")
    assert code == 1
    assert "runs.sqlite" in err


def test_the_store_of_a_policy(here, run):
    text = (here / "p.yaml").read_text()
    (here / "own.yaml").write_text(f"{text}runs: {{address: 'sqlite:///{here}/own.sqlite'}}\n")
    run("ask", STEPS, "-p", "own.yaml", "--json", "a.json")
    query = json.loads((here / "a.json").read_text().splitlines()[0])["turn"]
    assert run("feedback", query, "up")[0] == 1
    assert run("feedback", query, "up", "-p", "own.yaml")[0] == 0


def test_gold_answers_are_feedback_if_asked_for(here, run):
    code, _, err = run("ask", "-q", "q.jsonl", "-p", "p.yaml", "--json", "a.json")
    assert (code, stored()) == (0, [])
    code, _, err = run("ask", "-q", "q.jsonl", "-p", "p.yaml", "--json", "a.json", "--learn", "--fresh")
    assert (code, err) == (0, "")
    asked = [json.loads(line) for line in (here / "a.json").read_text().splitlines()]
    (first,) = [record for record in asked if record["query_id"] == "a"]
    assert stored() == [(first["turn"], "f1", "gold", first["f1"], "")]
    assert 0.0 < first["f1"] < 1.0


def test_learning_from_gold_answers_needs_both(here, run):
    code, _, err = run("ask", STEPS, "-p", "p.yaml", "--learn")
    assert code == 2
    assert "--learn compares with gold answers" in err
    (here / "none.yaml").write_text((here / "p.yaml").read_text() + "runs: {keep: 0}\n")
    code, _, err = run("ask", "-q", "q.jsonl", "-p", "none.yaml", "--learn")
    assert code == 1
    assert "none.yaml: runs.keep is 0" in err


def chat(run, monkeypatch, *lines, policy="p.yaml"):
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    return run("chat", "-p", policy)


def test_thumbs_in_a_conversation_rate_the_last_answer(here, run, monkeypatch):
    code, out, err = chat(run, monkeypatch, STEPS, "/up", "/up", KEEPER, "/up", "/down")
    assert (code, err) == (0, "")
    assert re.findall(r"thumb .*", out) == ["thumb up", "thumb up, as before", "thumb up", "thumb down"]
    assert [(name, source, score) for _, name, source, score, _ in stored()] == [
        ("thumb", "user", 1.0), ("thumb", "user", 0.0),
    ]  # fmt: skip
    assert len({query for query, *_ in stored()}) == 2


def test_there_is_nothing_to_rate_before_an_answer_nor_after_a_failed_one(here, run, monkeypatch):
    _, out, err = chat(run, monkeypatch, "/up", "boom", "/down")
    assert out.count("there is no answer to rate yet") == 2
    assert "it went boom" in err
    assert stored() == []


def test_thumbs_without_a_store_are_refused_and_the_conversation_goes_on(here, run, monkeypatch):
    (here / "none.yaml").write_text((here / "p.yaml").read_text() + "runs: {keep: 0}\n")
    code, out, err = chat(run, monkeypatch, STEPS, "/up", STEPS, policy="none.yaml")
    assert code == 0
    assert "this policy stores no queries" in err
    assert out.count("It has 164 steps.") == 2


def test_help_names_the_thumbs(here, run, monkeypatch):
    assert "/up and /down" in chat(run, monkeypatch, "/help")[1]


def test_a_conversation_teaches_the_next_one(here, run, monkeypatch):
    """The small model cannot tell; thumbs down move the router to the large one."""
    router = "{linucb: {start: none, alpha: 0}}"
    text = (here / "p.yaml").read_text().replace("{fixed: {option: small}}", router)
    text = text.replace("[accept, escalate, abstain]", "[accept]").replace("    router: thresholds\n", "")
    text = text.replace("    escalate: {unanswerable: generator}\n", "").replace(
        "    max_escalations: 1\n", ""
    )
    (here / "p.yaml").write_text(text)
    code, out, err = chat(run, monkeypatch, KEEPER, "/down")
    assert (code, err) == (0, "")
    assert out.count("→ small ·") == 1
    asked = list(dict.fromkeys(query for query, *_ in stored()))
    for query in asked:
        run("feedback", query, "--prefer", "large", "--over", "small")
    _, out, _ = chat(run, monkeypatch, KEEPER, "/up")
    assert "→ large ·" in out
    assert "It has 164 steps." in out
    last = stored()[-1][0]
    _, out, _ = run("explain", last, "-p", "p.yaml")
    assert "had read 2 scores and preferences: small – → 0." in out
    assert "by now, after 3 rewards" in out
    assert "linucb of generator had read 2 scores and preferences; 1 came after" in run("report")[1]


def test_explain_shows_a_stored_query_without_asking_it_again(query, here, run):
    run("feedback", query, "down")
    run("feedback", query, "--prefer", "large", "--over", "small")
    code, out, err = run("explain", query, "-p", "p.yaml", "--json", "e.json")
    assert (code, err) == (0, "")
    for words in (
        f"query {query}",
        "generator",
        "user: thumb 0.00 for the answer",
        "user: preference large over",
    ):
        assert words in out
    found = json.loads((here / "e.json").read_text())
    assert found["turn"] == query
    assert found["path"]["generator"] == "small"
    assert [item["score"] for item in found["feedback"]] == [0.0, None]
    assert {decision["stage"] for decision in found["decisions"]} >= {
        "retrieval",
        "generator",
        "verification",
    }
    assert set(found["cost"]) >= {"usd", "joules"}
    assert len(open_log().feedbacks()) == 2


def test_explain_of_an_unknown_id_asks_no_model(here, run):
    code, _, err = run("explain", "0123456789abcdef01234567", "-p", "p.yaml")
    assert code == 1
    assert "no query '0123456789abcdef01234567' is known" in err


def test_the_report_has_a_section_on_feedback(query, here, run):
    assert "Feedback" not in run("report")[1]
    run("feedback", query, "up")
    run("feedback", query, ".5", "--source", "crm")
    run("feedback", query, "--prefer", "large", "--over", "small")
    code, out, err = run("report", "--json", "r.json", "--html", "r.html")
    assert (code, err) == (0, "")
    assert "Feedback" in out
    assert "Feedback" in (here / "r.html").read_text()
    found = json.loads((here / "r.json").read_text())["feedback"]
    assert found["sources"] == {
        "crm": {"scores": 1, "preferences": 0, "queries": 1},
        "user": {"scores": 1, "preferences": 1, "queries": 1},
    }
    both = {"crm": {"number": 1, "mean": 0.5}, "user": {"number": 1, "mean": 1.0}}
    assert (found["policies"], found["options"]) == ({"p": both}, {"small": both})
    assert found["learners"] == []

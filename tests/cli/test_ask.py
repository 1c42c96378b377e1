import json
import signal

import pytest

from tests.cli.conftest import FakeModel
from tests.cli.ended import ended

ASK = ("ask", "-p", "p.yaml")


def rows(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_one_question(there, run):
    code, out, err = run(*ASK, "How many steps has the lighthouse?")
    assert (code, err) == (0, "")
    assert "It has 164 steps." in out
    assert "●single" in out
    assert "\x1b" not in out


def test_a_card_has_the_first_clause_of_a_reason_and_the_whole_of_it_when_asked_to(there, run):
    question = "How many steps has the lighthouse?"
    _, brief, _ = run(*ASK, question)
    _, whole, _ = run(*ASK, question, "--verbose")
    assert "estimated" in brief
    assert "nothing" not in brief, "its second clause: nothing else is open"
    assert "nothing" in whole


def test_records(there, run):
    code, out, _ = run(*ASK, "-q", "q.jsonl", "--json", "out.jsonl")
    assert code == 0
    assert not (there / "out.jsonl.partial").exists()
    first, second = sorted(rows(there / "out.jsonl"), key=lambda row: row["query_id"])
    assert (first["query_id"], first["contains"], first["em"], first["policy"]) == ("a", 1, 0, "p")
    assert first["passages"] == ["lighthouse.md#0"]
    assert [d["stage"] for d in first["decisions"]][:2] == ["retrieval", "retriever"]
    assert set(first["cost"]) == {"usd", "tokens", "seconds", "joules", "gco2e", "water"}
    assert "f1" not in second
    assert second["type"] == "unanswerable"
    assert second["escalations"][0]["option"] == "large"
    assert "Quality" in out
    assert "invented" in out


def test_json_to_standard_output_is_pure(there, run):
    code, out, err = run(*ASK, "-q", "q.jsonl", "--json", "-", "--workers", "2")
    assert code == 0
    assert {json.loads(line)["query_id"] for line in out.splitlines()} == {"a", "b"}
    assert "It has 164 steps." in err


def test_goes_on_where_it_was_interrupted(there, run):
    run(*ASK, "-q", "q.jsonl", "--json", "out.jsonl")
    done = rows(there / "out.jsonl")
    (there / "out.jsonl").unlink()
    (there / "out.jsonl.partial").write_text(json.dumps(done[0]) + '\n{"query_id": "b", "ru')
    _, out, _ = run(*ASK, "-q", "q.jsonl", "--json", "out.jsonl")
    again = rows(there / "out.jsonl")
    assert "1 answered before, 1 to go" in out
    assert again[0] == done[0]
    assert {row["query_id"] for row in again} == {"a", "b"}
    assert "answered before" not in run(*ASK, "-q", "q.jsonl", "--json", "out.jsonl", "--fresh")[1]


@pytest.mark.parametrize("change", ["policy", "corpus", "question"])
def test_begins_anew_when_something_has_changed(there, run, change):
    run(*ASK, "-q", "q.jsonl", "--json", "out.jsonl")
    file = {"policy": "p.yaml", "corpus": "docs/lighthouse.md", "question": "q.jsonl"}[change]
    text = (there / file).read_text()
    (there / file).write_text(text.replace("How many steps has", "Count the steps of")
                              if change == "question" else text + "\n# more\n")  # fmt: skip
    if change == "policy":
        (there / file).write_text(text.replace("chunks: 1", "chunks: 2"))
    _, out, _ = run(*ASK, "-q", "q.jsonl", "--json", "out.jsonl")
    assert ("1 answered before, 1 to go" if change == "question" else "164") in out
    assert "2 answered before" not in out


def test_a_failing_question_does_not_end_the_run(there, run):
    with (there / "q.jsonl").open("a") as file:
        file.write('{"query_id": "c", "question": "boom", "answers": ["x"]}\n')
    code, _, err = run(*ASK, "-q", "q.jsonl", "--json", "out.jsonl")
    by_id = {row["query_id"]: row for row in rows(there / "out.jsonl")}
    assert code == 1
    assert err.count("\n") == 1
    assert "1 of 3 failed" in err
    assert "boom" in by_id["c"]["error"]
    assert by_id["a"]["contains"] == 1


def test_a_baseline_is_asked_the_same_questions(there, run):
    large = (there / "p.yaml").read_text().replace("option: small", "option: large")
    (there / "large.yaml").write_text(large)
    code, out, _ = run(*ASK, "-q", "q.jsonl", "--baseline", "large.yaml", "--json", "out.jsonl")
    assert code == 0
    assert "saved" in out
    assert sorted((r["policy"], r["query_id"]) for r in rows(there / "out.jsonl")) == [
        ("large", "a"), ("large", "b"), ("p", "a"), ("p", "b"),
    ]  # fmt: skip


def test_control_codes_of_a_model_never_reach_the_terminal(there, run):
    _, out, _ = run(*ASK, "What is \x1b[31mred\x1b[0m about the [bold]lighthouse[/bold]?")
    assert "\x1b" not in out
    assert "[bold]lighthouse[/bold]" in out


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_answered(there, run):
    slow = "60 if 'keeps' in messages[-1].text else 0"
    arguments = (*ASK, "-q", "q.jsonl", "--json", "out.jsonl")
    code, err = ended(FakeModel, slow, arguments, there / "out.jsonl.partial", 1, signal.SIGINT)
    assert code == 130
    assert (
        err == "interrupted: 1 of 2 answers are in out.jsonl.partial; the same command continues from there\n"
    )
    _, out, _ = run(*ASK, "-q", "q.jsonl", "--json", "out.jsonl")
    assert "1 answered before, 1 to go" in out
    assert len(rows(there / "out.jsonl")) == 2


def test_a_narrow_terminal(there, run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    (there / "b.yaml").write_text((there / "p.yaml").read_text().replace("option: small", "option: large"))
    code, out, _ = run("ask", "-p", "p.yaml", "--baseline", "b.yaml", "-q", "q.jsonl")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 60
    assert "(no room for p95)" in out
    assert "100 % estimated" in out

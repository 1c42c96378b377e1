"""A policy that observes, on the command line: explained, kept and reported like any other."""

import json

import pytest

OBSERVING = """
version: 1
observe: true
corpora: {docs: {path: docs/, chunk: {size: 64, overlap: 8}}}
models: {ours: {model: "fake:parrot"}}
host: {meter: none}
stages:
  context: {options: {all: {chunks: 3}}}
  verification: {options: [accept], verifiers: [unanswerable, groundedness]}
"""


@pytest.fixture
def observed(there, monkeypatch):
    monkeypatch.setenv("DYNAMICRAG_DATA", str(there / "data"))
    (there / "fixed.yaml").write_text(OBSERVING)


def test_a_question_is_explained(observed, run):
    code, out, err = run("explain", "How many steps has the lighthouse?", "-p", "fixed.yaml", "--json", "-")
    assert (code, err.count("error")) == (0, 0)
    record = json.loads(out)
    assert [d["chosen"] for d in record["decisions"]] == [
        "single", "lexical", "all", "direct", "ours", "accept",
    ]  # fmt: skip
    assert record["answer"] == "It has 164 steps."


def test_what_was_seen_is_reported(observed, run):
    for question in ("How many steps has the lighthouse?", "Who keeps it?"):
        run("ask", question, "-p", "fixed.yaml")
    code, out, _ = run("report", "--json", "-")
    assert code == 0
    policies = json.loads(out)["policies"]
    assert {name: figures["queries"] for name, figures in policies.items()} == {"fixed": 2}


def test_one_that_has_something_to_decide_is_refused(observed, there, run):
    text = OBSERVING.replace("{all: {chunks: 3}}", "{all: {chunks: 3}, few: {chunks: 1}}, router: random")
    (there / "fixed.yaml").write_text(text)
    code, _, err = run("validate", "fixed.yaml")
    assert code == 1
    assert "fixed.yaml: observe: it runs a fixed pipeline, and stages.context has the options all, few" in err

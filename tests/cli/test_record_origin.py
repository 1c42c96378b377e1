"""What a table is extended with, and what is refused as another recording."""

import json

import pytest

from dynamicrag.lab.outcomes.file import read_table
from tests.cli.test_record import GRID, NAMES, RECORD, asked  # noqa: F401 - a fixture


def change(file, old, new):
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("p.yaml", "chunks: 1", "chunks: 2", "another context.short;"),
        ("p.yaml", "bm25: {}", "bm25: {k1: 1.0}", "another retriever.lexical;"),
        ("p.yaml", "fake:parrot", "fake:oracle", "another models.small;"),
        ("p.yaml", "[unanswerable]", "[unanswerable, token_margin]", "another policy ("),
        ("p.yaml", "1}}}", "1}, deep: {chunks: 20}}, router: random}", "another policy ("),
        ("docs/lighthouse.md", "164", "165", "another corpus;"),
        ("q.jsonl", "Who keeps it?", "Who kept it?", "the question 'b'"),
    ],
)  # fmt: skip
def test_what_was_recorded_with_something_else_is_refused(there, run, file, old, new, said):
    path = ("--path", "retrieval=single,context=short,generator=small")
    run(*RECORD, *path)
    change(there / file, old, new)
    code, _, err = run(*RECORD, *path)
    assert code == 1
    assert said in err
    assert "--fresh" in err
    assert run(*RECORD, *path, "--fresh")[0] == 0


def test_a_table_of_an_earlier_release_is_another_policy_s(there, run):
    run(*RECORD, *GRID)
    rows = [json.loads(line) for line in (there / "t.jsonl").read_text().splitlines()]
    old = {"policy": "0" * 16, "models": "1" * 16, "corpus": rows[0]["origin"]["corpus"]}
    (there / "t.jsonl").write_text("".join(json.dumps({**row, "origin": old}) + "\n" for row in rows))
    code, _, err = run(*RECORD, *GRID)
    assert code == 1
    assert "t.jsonl: 'a' was recorded with another policy" in err
    assert read_table(there / "t.jsonl").options == NAMES


def test_other_routers_and_places_are_no_other_recording(there, run, asked):  # noqa: F811
    run(*RECORD, *GRID)
    (there / "docs").rename(there / "moved")
    change(there / "p.yaml", "docs/", "moved/")
    change(there / "p.yaml", "option: small", "option: large")
    assert "all recorded before" in run(*RECORD, *GRID)[1]
    assert len(asked) == 8


@pytest.mark.slow
def test_models_and_options_that_were_added_are_recorded_beside_the_others(there, run, asked):  # noqa: F811
    run(*RECORD, *GRID)
    before = read_table(there / "t.jsonl").rows[0].origin
    change(
        there / "p.yaml",
        'large: {model: "fake:oracle"}',
        'large: {model: "fake:oracle"}, huge: {model: "fake:o"}',
    )
    change(there / "p.yaml", "[small, large]", "[small, large, huge]")
    change(there / "p.yaml", "1}}}", "1}, long: {chunks: 4}}, router: {fixed: {option: short}}}")
    _, out, err = run(*RECORD, "--grid", "retrieval=none,single", "--grid", "generator=small,large,huge")
    assert err == ""
    assert "8 of them recorded before; 4 to go" in out
    table = read_table(there / "t.jsonl")
    assert table.options == (*NAMES[:2], "none/huge", *NAMES[2:], "single/huge")
    assert dict(table.rows[0].origin) == {
        **before,
        "models.huge": table.rows[0].origin["models.huge"],
        "context.long": table.rows[0].origin["context.long"],
    }


def test_what_a_policy_has_no_longer_still_counts_when_it_comes_back(there, run):
    run(*RECORD, *GRID)
    whole = (there / "p.yaml").read_text()
    change(there / "p.yaml", ', large: {model: "fake:oracle"}', ', medium: {model: "fake:m"}')
    change(there / "p.yaml", "[small, large]", "[small, medium]")
    assert run(*RECORD, "--path", "retrieval=none,generator=medium")[0] == 0
    table = read_table(there / "t.jsonl")
    assert set(table.options) == {*NAMES, "none/medium"}
    assert {"models.large", "models.medium"} <= set(table.rows[0].origin)
    (there / "p.yaml").write_text(whole.replace("fake:oracle", "fake:sphinx"))
    assert "another models.large;" in run(*RECORD, *GRID)[2]

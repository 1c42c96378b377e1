import json
from dataclasses import replace

import numpy as np
import pytest

from dynamicrag.errors import InputError
from dynamicrag.lab.outcomes.caveats import usable
from dynamicrag.lab.outcomes.file import read_table, write_table
from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable, Row


def row(name: str, **qualities: float) -> Row:
    outcomes = {o: Outcome(q, facts={"usd": 0.1}) for o, q in qualities.items()}
    return Row(name, f"What is {name}?", outcomes)


FULL = Row(
    id="q1",
    text="Who opened the brücke?",
    group="bridge",
    answers=("Ada",),
    answerable=True,
    origin={"corpus": "c1", "models": "m1"},
    outcomes={
        "small": Outcome(
            0.5,
            facts={"usd": 0.0, "joules": 31.2},
            signals={"first_margin": 0.4},
            kinds={"joules": "modelled"},
            path={"generator": "small"},
            answer="Ada",
        ),
        "large": Outcome(float("nan"), error="it timed out"),
    },
)


def lines(path, *records):
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    return path


@pytest.mark.parametrize("name", ["t.jsonl", "t.jsonl.gz"])
def test_what_is_written_is_read_again(tmp_path, name):
    write_table(OutcomeTable([FULL, row("q2", small=1.0)]), tmp_path / name)
    table = read_table(tmp_path / name)
    first = table.rows[0]
    assert (first.id, first.text, first.group, first.answers) == ("q1", FULL.text, "bridge", ("Ada",))
    assert first.outcomes["small"] == FULL.outcomes["small"]
    assert np.isnan(first.outcomes["large"].quality)
    assert first.outcomes["large"].error == "it timed out"
    assert first.origin == FULL.origin
    assert [path.name for path in tmp_path.iterdir()] == [name]  # no draft is left


def test_the_same_table_gives_the_same_bytes(tmp_path):
    for name in ("a.gz", "b.gz"):
        write_table(OutcomeTable([FULL]), tmp_path / name)
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


def test_what_was_not_observed_is_nan():
    table = OutcomeTable([row("q1", small=1.0), row("q2", small=0.0, large=0.5)])
    assert table.options == ("small", "large")
    np.testing.assert_array_equal(table.quality, [[1.0, np.nan], [0.0, 0.5]])
    np.testing.assert_array_equal(table.fact("usd"), [[0.1, np.nan], [0.1, 0.1]])


def test_signals_are_those_of_the_first_option_that_has_them():
    outcomes = {
        "a": Outcome(1.0, signals={"matched": 0.5}),
        "b": Outcome(1.0, signals={"matched": 0.9, "top_share": 0.1}),
    }
    (seen,) = OutcomeTable([Row("q", "x", outcomes)]).seen()
    assert seen.signals == {"matched": 0.5, "top_share": 0.1}


def test_merging_joins_rows_and_outcomes():
    merged = OutcomeTable([row("q1", small=1.0)]).merge(
        OutcomeTable([row("q1", large=0.0), row("q2", small=0.0)])
    )
    np.testing.assert_array_equal(merged.quality, [[1.0, 0.0], [0.0, np.nan]])


def test_merging_refuses_another_question_or_another_corpus():
    other = Row("q1", "Something else?", {"small": Outcome(1.0)})
    with pytest.raises(InputError, match="'q1' has another question"):
        OutcomeTable([row("q1", small=1.0)]).merge(OutcomeTable([other]))
    again = OutcomeTable([row("q1", small=0.5)])
    with pytest.raises(InputError, match=r"'q1' has another outcome of 'small'.*remove it from one"):
        OutcomeTable([row("q1", small=1.0)]).merge(again)
    open_ = OutcomeTable([row("q1", small=float("nan"))])
    assert len(open_.merge(OutcomeTable([row("q1", small=float("nan"))]))) == 1
    moved = replace(FULL, origin={"corpus": "c2", "models": "m1"})
    with pytest.raises(InputError, match="another version of corpus"):
        OutcomeTable([FULL]).merge(OutcomeTable([moved]))


def test_labels_are_a_table_of_two_options(tmp_path):
    path = lines(tmp_path / "l.jsonl", {"label": 1, "question": "a?"}, {"label": 0, "question": "b?"})
    table = read_table(path, ("direct", "skeleton"))
    assert table.options == ("direct", "skeleton")
    np.testing.assert_array_equal(table.quality, [[0.0, 1.0], [1.0, 0.0]])


GOOD = {"query_id": "q", "query": "x", "outcomes": {"a": {"quality": 1}}}


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({**GOOD, "query": ""}, "'query' is missing"),
        ({**GOOD, "query_id": None}, "'query_id' is None"),
        ({**GOOD, "outcomes": [1]}, r"'outcomes' is \[1\]; expected"),
        ({**GOOD, "outcomes": {"a": {"usd": 1}}}, r"t\.jsonl:2: a: expected \{quality"),
        ({**GOOD, "outcomes": {"a": {"quality": 1.5}}}, r"a\.quality: expected a number from 0 to 1"),
        ({**GOOD, "outcomes": {"a": {"quality": float("inf")}}}, "expected a finite number, got inf"),
        ({**GOOD, "outcomes": {"a": {"quality": 1, "usd": "dear"}}}, r"a\.usd: expected a finite number"),
        ({**GOOD, "outcomes": {"a": {"quality": 1, "signals": 3}}}, r"a\.signals: expected dict"),
        ({"label": 2, "question": "x"}, "'label' is 2"),
        (GOOD | {"query_id": "first"}, "'first' occurs twice"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path, record, told):
    path = lines(tmp_path / "t.jsonl", GOOD | {"query_id": "first"}, record)
    with pytest.raises(InputError, match=told):
        read_table(path)


def test_files_that_cannot_be_read_are_told(tmp_path):
    (tmp_path / "torn.jsonl.gz").write_bytes(b"\x1f\x8b\x08nothing")
    (tmp_path / "empty.jsonl").write_text("\n")
    (tmp_path / "list.jsonl").write_text("[1]\n")
    for name, told in [
        ("no.jsonl", "No such file"),
        ("torn.jsonl.gz", "cannot be read"),
        ("empty.jsonl", "holds no row"),
        ("list.jsonl", "got list"),
    ]:
        with pytest.raises(InputError, match=told):
            read_table(tmp_path / name)


@pytest.mark.parametrize(
    "nothing",
    [
        {"query_id": "none", "query": "x", "outcomes": {}},
        {"query_id": "none", "query": "x", "outcomes": None},
        {"query_id": "none", "query": "x"},
        {"query_id": "none", "query": "x", "outcomes": {"a": None, "b": {}}},
        {"query_id": "none", "question": "x", "label": None},
    ],
)
def test_rows_without_results_are_left_out_and_named(tmp_path, nothing):
    rows = [GOOD | {"query_id": f"q{number}"} for number in range(4)]
    table = read_table(lines(tmp_path / "t.jsonl", *rows[:2], nothing, *rows[2:]))
    assert [row.id for row in table.rows] == ["q0", "q1", "q2", "q3"]
    _, notes = usable(table)
    assert notes == ["t.jsonl: 1 of 5 rows have no results, and are left out: none"]
    with pytest.raises(InputError, match=r"t\.jsonl: holds no row.*none of its 1 rows has results"):
        read_table(lines(tmp_path / "t.jsonl", nothing))


def test_many_rows_without_results_are_counted(tmp_path):
    nothing = [{"query_id": f"n{number}", "query": "x", "outcomes": {}} for number in range(312)]
    _, notes = usable(read_table(lines(tmp_path / "t.jsonl", *nothing, GOOD)))
    assert notes == ["t.jsonl: 312 of 313 rows have no results, and are left out: n0, n1, n2 and 309 more"]


def test_numbers_that_nobody_knows(tmp_path):
    outcome = {"quality": float("nan"), "usd": None, "joules": float("nan"), "signals": {"margin": None}}
    table = read_table(
        lines(tmp_path / "t.jsonl", GOOD, {"query_id": "n", "query": "x", "outcomes": {"a": outcome}})
    )
    assert np.isnan(table.quality[1, 0])
    assert dict(table.rows[1].outcomes["a"].facts) == dict(table.rows[1].outcomes["a"].signals) == {}


def test_halves_of_surrogate_pairs_are_replaced(tmp_path):
    (tmp_path / "t.jsonl").write_text(
        r'{"query_id": "q", "query": "a\ud800b", "outcomes": {"\udfff": {"quality": 1}}}'
    )
    table = read_table(tmp_path / "t.jsonl")
    assert (table.rows[0].text, table.options) == ("a?b", ("?",))
    write_table(table, tmp_path / "again.jsonl")

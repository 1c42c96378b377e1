"""What is told of tables before they are used."""

import pytest

from dynamicrag.errors import InputError
from dynamicrag.lab.outcomes.caveats import strangers, usable
from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable, Row


def rows(*failed, origin=("m1",), number=3):
    return [
        Row(
            f"q{i}",
            f"Question {i}?",
            {
                "small": Outcome(0.0, error="timed out") if i in failed else Outcome(1.0),
                "large": Outcome(1.0),
            },
            origin={"models": origin[i % len(origin)]},
        )
        for i in range(number)
    ]


def test_a_sound_table_is_left_as_it_is():
    table = OutcomeTable(rows())
    assert usable(table) == (table, [])


def test_failed_runs_are_told_and_what_never_answered_is_left_out():
    table, notes = usable(OutcomeTable(rows(1)))
    assert table.options == ("small", "large")
    assert notes == [
        "table: small failed on 1 of 3 queries; they count as wrong, at what they cost; record --retry runs "
        "them again"
    ]
    table, (note,) = usable(OutcomeTable(rows(0, 1, 2)))
    assert table.options == ("large",)
    assert "small failed on 3 of 3 queries; it is left out" in note


def test_a_table_without_any_answer_is_refused():
    table = OutcomeTable(rows(0, 1, 2)).only(["small"])
    with pytest.raises(InputError, match="no option ever answered; record it again"):
        usable(table)


def test_different_origins_are_told():
    table = OutcomeTable(rows(origin=("m1", "m2")))
    assert usable(table)[1] == ["table: its questions were recorded with 2 versions of models"]
    other = OutcomeTable(rows(origin=("m3",)), name="other")
    assert strangers(table, other) == ["other was recorded with another version of models than table"]
    assert strangers(table, OutcomeTable(rows(origin=("m2",)))) == []

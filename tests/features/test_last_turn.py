"""Signals about the turn before."""

from dynamicrag.features.last_turn import NAMES, last_turn
from dynamicrag.records import Passage

FOUND = [
    Passage(id="1", document="a", title="The bridge", text="It opened in 1871.", score=0.0),
    Passage(id="2", document="b", title="The river", text="The Ondry is long.", score=0.0),
]


def test_a_question_that_stands_alone_does_not_lean_on_the_turn_before():
    assert last_turn("Who opened the old bridge of Cape Ondry?", FOUND)["leans"] == 0.0
    assert last_turn("And the second one?", FOUND)["leans"] == 1.0
    assert last_turn("Und wann wurde sie gebaut?", FOUND)["leans"] == 1.0


def test_its_own_words_are_looked_for_in_all_passages():
    assert last_turn("Is it over the river Ondry?", FOUND)["last_matched"] == 1.0
    assert last_turn("Does it cross the river?", FOUND)["last_matched"] == 0.5
    assert last_turn("What does the ferry cost?", FOUND)["last_matched"] == 0.0
    assert last_turn("Why?", FOUND)["last_matched"] == 1.0


def test_without_passages_there_is_only_the_leaning():
    assert last_turn("Why?", []) == {"leans": 1.0}
    assert set(last_turn("Why?", FOUND)) == set(NAMES)

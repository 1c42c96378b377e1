import pytest

from dynamicrag.lab.synthesize.form import Refused
from dynamicrag.lab.synthesize.made import Made
from dynamicrag.lab.synthesize.tally import GUESS, Tally


def cost(joules):
    return {
        name: {"value": value, "kind": "modelled"} for name, value in (("joules", joules), ("seconds", 1.0))
    }


def test_what_is_left_follows_what_was_seen():
    tally = Tally(wanted=4, guess={"joules": 10.0})
    assert tally.left("joules") == 10 * GUESS * 4
    tally.costs.append(cost(20.0))
    assert tally.left("joules") == 10 * GUESS * 4 - 20
    for number in range(4):
        tally.count(Made(f"What is {number}?", "single") if number % 2 else Refused("not found", "Why?"))
    assert tally.left("joules") == pytest.approx(20 / 4 * (4 + GUESS) / 3 * 2)
    tally.ended = True
    assert tally.left("joules") == 0


def test_what_became_of_the_attempts():
    tally = Tally(wanted=1)
    for number in range(9):
        tally.count(Refused("not found" if number else "leaks", f"Why {number}?"))
    tally.costs += [cost(1.0), cost(2.5)]
    told = tally.as_dict()
    assert (told["tried"], told["kept"], told["share"]) == (9, 0, 0)
    assert told["reasons"] == {"not found": 8, "leaks": 1}
    assert told["refused"] == {"leaks": ["Why 0?"], "not found": ["Why 1?", "Why 2?", "Why 3?"]}
    assert told["cost"]["joules"] == {"value": 3.5, "kind": "modelled"}
    assert Tally(wanted=1).as_dict()["cost"] == {}

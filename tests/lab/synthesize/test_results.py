import pytest

from dynamicrag.lab.synthesize.form import Refused
from dynamicrag.lab.synthesize.question import SyntheticQuestion
from dynamicrag.lab.synthesize.results import GUESS, KindResult


def cost(joules):
    return {
        name: {"value": value, "kind": "modelled"} for name, value in (("joules", joules), ("seconds", 1.0))
    }


def test_what_is_left_follows_what_was_seen():
    progress = KindResult(wanted=4, guess={"joules": 10.0})
    assert progress.left("joules") == 10 * GUESS * 4
    progress.costs.append(cost(20.0))
    assert progress.left("joules") == 10 * GUESS * 4 - 20
    for number in range(4):
        progress.count(
            SyntheticQuestion(f"What is {number}?", "single") if number % 2 else Refused("not found", "Why?")
        )
    assert progress.left("joules") == pytest.approx(20 / 4 * (4 + GUESS) / 3 * 2)
    progress.ended = True
    assert progress.left("joules") == 0


def test_what_became_of_the_attempts():
    progress = KindResult(wanted=1)
    for number in range(9):
        progress.count(Refused("not found" if number else "leaks", f"Why {number}?"))
    progress.costs += [cost(1.0), cost(2.5)]
    found = progress.as_json()
    assert (found["tried"], found["kept"], found["share"]) == (9, 0, 0)
    assert found["reasons"] == {"not found": 8, "leaks": 1}
    assert found["refused"] == {"leaks": ["Why 0?"], "not found": ["Why 1?", "Why 2?", "Why 3?"]}
    assert found["cost"]["joules"] == {"value": 3.5, "kind": "modelled"}
    assert KindResult(wanted=1).as_json()["cost"] == {}

"""Signals of a verifier of one's own, before anything is decided from them."""

import numpy as np
import pytest

from dynamicrag.errors import PolicyError, VerifierError
from dynamicrag.verify.base import Evidence, Signal, Verifier
from dynamicrag.verify.signals import check_gives, signals_of

NOTHING = Evidence("Who?", "Ada.", (), {})


class Tone(Verifier):
    gives = (Signal("tone"), Signal("words", 0.0, 100.0))

    def __init__(self, found=None):
        self.found = found

    async def verify(self, evidence):
        return self.found


class AtOnce(Tone):
    def verify(self, evidence):
        return {"tone": 1.0}


async def test_numbers_of_other_libraries_become_plain_ones_within_their_bounds():
    found = await signals_of(Tone({"tone": np.float32(0.5), "words": np.int64(3)}), NOTHING)
    assert found == {"tone": 0.5, "words": 3.0}
    assert {type(value) for value in found.values()} == {float}
    assert await signals_of(Tone({"tone": 1.0000001}), NOTHING) == {"tone": 1.0}
    assert await signals_of(Tone({}), NOTHING) == {}


@pytest.mark.parametrize(
    ("verifier", "message"),
    [
        (Tone(None), r"verifier \(Tone\), verify\(\) returned None; valid: numbers by signal"),
        (Tone([1]), "valid: numbers by signal"),
        (Tone({"other": 1}), "returned 'other', which is not in its gives: tone, words"),
        (Tone({"tone": 5}), "returned tone=5; valid: 0 to 1, as its gives says"),
        (Tone({"tone": -0.1}), "returned tone=-0.1; valid: 0 to 1"),
        (Tone({"tone": "x"}), "returned tone='x': 'x' is not a finite number"),
        (Tone({"tone": None}), "None is not a finite number"),
        (Tone({"tone": float("nan")}), "nan is not a finite number"),
        (AtOnce(), "at once; write it with 'async def'"),
    ],
)
async def test_what_is_no_signal_is_named(verifier, message):
    with pytest.raises(VerifierError, match=message):
        await signals_of(verifier, NOTHING)


@pytest.mark.parametrize(
    "gives",
    [
        (),
        None,
        ("tone",),
        (Signal(""),),
        (Signal("tone", 1.0, 0.0),),
        (Signal("tone", 0.0, None),),
        Signal("x"),
    ],
)
def test_a_verifier_says_which_signals_it_gives(gives):
    verifier = Tone()
    verifier.gives = gives
    with pytest.raises(PolicyError, match=r"here.tone: Tone.gives is .*; valid: the signals of verify\(\)"):
        check_gives(verifier, "here.tone")


def test_a_verifier_without_gives_is_refused():
    class Bare(Verifier):
        async def verify(self, evidence):
            return {}

    with pytest.raises(PolicyError, match=r"here.bare: Bare.gives is None"):
        check_gives(Bare(), "here.bare")

from itertools import count

import pytest

from dynamicrag.lab.synthesize.form import Refused
from dynamicrag.lab.synthesize.question import SyntheticQuestion
from dynamicrag.lab.synthesize.results import KindResult
from dynamicrag.lab.synthesize.run import FRUITLESS, make
from dynamicrag.lab.synthesize.templates import NoDocuments


class Luck:
    """Every ``one_in``-th attempt gives a question; with 0, none does."""

    name = "luck"

    def __init__(self, one_in: int) -> None:
        self._one_in = one_in

    def attempts(self, rng):
        async def attempt(seen, number):
            if self._one_in and number % self._one_in == 0:
                return SyntheticQuestion(f"Who opened bridge {'x' * number}?", "single", ("Ada",))
            raise Refused("not supported", f"attempt {number}")

        return ((lambda seen, number=number: attempt(seen, number)) for number in count(1))


@pytest.mark.parametrize(("one_in", "tried", "kept"), [(0, FRUITLESS, 0), (FRUITLESS, 50, 3)])
async def test_a_kind_that_gives_nothing_is_given_up_and_one_that_gives_little_is_not(one_in, tried, kept):
    kinds = {"luck": KindResult(5), "none": KindResult(2)}
    made = await make([Luck(one_in), NoDocuments()], kinds, 0, lambda _: None)
    assert (kinds["luck"].tried, len(kinds["luck"].kept)) == (tried, kept)
    assert len(made) == kept + 2

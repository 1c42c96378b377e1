from itertools import count

import pytest

from dynamicrag.lab.synthesize.form import Refused
from dynamicrag.lab.synthesize.made import Made
from dynamicrag.lab.synthesize.plain import Plain
from dynamicrag.lab.synthesize.run import FRUITLESS, make
from dynamicrag.lab.synthesize.tally import Tally


class Luck:
    """Every ``one_in``-th attempt gives a question; with 0, none does."""

    name = "luck"

    def __init__(self, one_in: int) -> None:
        self._one_in = one_in

    def attempts(self, rng):
        async def attempt(seen, number):
            if self._one_in and number % self._one_in == 0:
                return Made(f"Who opened bridge {'x' * number}?", "single", ("Ada",))
            raise Refused("not supported", f"attempt {number}")

        return ((lambda seen, number=number: attempt(seen, number)) for number in count(1))


@pytest.mark.parametrize(("one_in", "tried", "kept"), [(0, FRUITLESS, 0), (FRUITLESS, 50, 3)])
async def test_a_kind_that_gives_nothing_is_given_up_and_one_that_gives_little_is_not(one_in, tried, kept):
    tallies = {"luck": Tally(5), "none": Tally(2)}
    made = await make([Luck(one_in), Plain()], tallies, 0, lambda _: None)
    assert (tallies["luck"].tried, len(tallies["luck"].kept)) == (tried, kept)
    assert len(made) == kept + 2

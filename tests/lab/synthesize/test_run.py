from functools import partial
from itertools import count

import pytest

from dynamicrag.lab.synthesize.form import Refused
from dynamicrag.lab.synthesize.question import SyntheticQuestion
from dynamicrag.lab.synthesize.results import KindResult
from dynamicrag.lab.synthesize.run import FRUITLESS, make
from dynamicrag.lab.synthesize.templates import no_documents


def luck(one_in, rng):
    """Every ``one_in``-th attempt gives a question; with 0, none does."""

    async def attempt(number, seen):
        if one_in and number % one_in == 0:
            return SyntheticQuestion(f"Who opened bridge {'x' * number}?", "single", ("Ada",))
        raise Refused("not supported", f"attempt {number}")

    return (partial(attempt, number) for number in count(1))


@pytest.mark.parametrize(("one_in", "tried", "kept"), [(0, FRUITLESS, 0), (FRUITLESS, 50, 3)])
async def test_a_kind_that_gives_nothing_is_given_up_and_one_that_gives_little_is_not(one_in, tried, kept):
    kinds = {"luck": KindResult(5), "none": KindResult(2)}
    made = await make({"luck": partial(luck, one_in), "none": no_documents}, kinds, 0, lambda _: None)
    assert (kinds["luck"].tried, len(kinds["luck"].kept)) == (tried, kept)
    assert len(made) == kept + 2

import random
from collections import Counter
from itertools import islice

import pytest

from dynamicrag.lab.synthesize.results import KindResult
from dynamicrag.lab.synthesize.run import make, wanted_of
from dynamicrag.lab.synthesize.templates import no_documents, rewriting, sum_of


async def made(number, seed):
    kinds = {"none": KindResult(number)}
    return await make({"none": no_documents}, kinds, seed, lambda _: None), kinds["none"]


@pytest.mark.slow
async def test_many_of_every_sort_and_none_twice():
    questions, progress = await made(200, seed=1)
    assert len({one.question for one in questions}) == 200
    assert set(Counter(one.type for one in questions)) == {"greeting", "general", "rewrite"}
    assert progress.reasons["duplicate"] == progress.tried - 200
    assert all(one.answers for one in questions if one.type != "greeting")


async def test_the_seed_decides():
    one, _ = await made(20, seed=1)
    same, _ = await made(20, seed=1)
    other, _ = await made(20, seed=2)
    assert [made.question for made in one] == [made.question for made in same]
    assert [made.question for made in one] != [made.question for made in other]


def test_sums_come_out_right():
    rng = random.Random(0)
    for one in (sum_of(rng) for _ in range(200)):
        words = one.question.rstrip("?").split()
        if one.question.startswith("What is") and words[-2] in ("plus", "minus", "times"):
            a, b = int(words[2]), int(words[-1])
            right = {"plus": a + b, "minus": a - b, "times": a * b}[words[-2]]
            assert one.answers == (str(right),)


def test_rewritten_texts_differ_from_what_was_given():
    rng = random.Random(0)
    for one in (rewriting(rng) for _ in range(200)):
        assert one.answers[0] not in one.question


async def test_attempts_never_end():
    assert len(list(islice(no_documents(random.Random(0)), 5000))) == 5000


def test_shares_add_up():
    for number in (1, 2, 7, 60, 101):
        assert sum(wanted_of(number).values()) == number

"""Requirements in words, and what shows them."""

import pytest

from dynamicrag.errors import InputError
from dynamicrag.lab.whatif.requirement import judged, requirement
from dynamicrag.lab.whatif.results import Part
from dynamicrag.learning.intervals import Estimated
from dynamicrag.learning.offpolicy import Comparison


def part(low, high, outcome="utility"):
    own = Estimated((low + high) / 2, low, high)
    return Part("path", 9, 9, 99.0, outcomes={outcome: Comparison(99, 99.0, own, own, own, own, own)})


@pytest.mark.parametrize(
    ("text", "low", "high", "shown"),
    [
        ("utility>=-0.01", -0.01, 0.05, True),
        ("utility>=-0.01", -0.02, 0.05, False),
        ("utility >= 0", 0.001, 0.05, True),
        ("utility<=1e-1", -0.02, 0.05, True),
        ("utility<=0", -0.02, 0.05, False),
    ],
)
def test_the_whole_interval_must_meet_it(text, low, high, shown):
    (found,) = judged([requirement(text)], part(low, high))
    assert found.shown is shown


def test_there_is_no_verdict_without_an_estimate():
    assert judged([requirement("joules<=0")], part(0, 1))[0].shown is None
    refused = judged([requirement("utility>=0")], Part("path", 9, 9, refused="too few"))[0]
    assert (refused.shown, refused.why) == (None, "too few")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("utility", "expected OUTCOME>=BOUND"),
        ("utility=0", "expected OUTCOME>=BOUND"),
        ("utilty>=0", "did you mean 'utility'"),
        ("utility>=1e", "is no number"),
    ],
)
def test_a_mistake_is_named(text, words):
    with pytest.raises(InputError, match=words):
        requirement(text)

"""A task's first decision is credited, not those that kept its model."""

from dynamicrag.learning.examples import KEPT, credited
from tests.learning.logged import logged, wrote


def test_the_choice_that_was_kept_is_credited():
    first = wrote(0, "small")
    kept = wrote(1, "small", router=KEPT), wrote(2, "small", router=KEPT)
    assert credited(logged(first, *kept), "generator") == [first]


def test_a_choice_that_did_not_last_is_not():
    first, kept = wrote(0, "small"), wrote(1, "large", router=KEPT)
    assert credited(logged(first, kept), "generator") == []

"""A task's first decision is credited, not those that kept its model."""

from dynamicrag.learning.examples import KEPT, credited
from dynamicrag.store.logged import LoggedQuery
from tests.learning.logged import wrote


def query(*decisions, path):
    return LoggedQuery(
        id="q",
        at=0.0,
        policy="p",
        path={"generator": path},
        decisions=list(decisions),
        weights={},
        signals={},
    )


def test_the_choice_that_was_kept_is_credited():
    first = wrote(0, "small")
    kept = wrote(1, "small", router=KEPT), wrote(2, "small", router=KEPT)
    assert credited(query(first, *kept, path="small"), "generator") == [first]


def test_a_choice_that_did_not_last_is_not():
    first, kept = wrote(0, "small"), wrote(1, "large", router=KEPT)
    assert credited(query(first, kept, path="large"), "generator") == []

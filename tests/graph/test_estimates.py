"""The present estimates of learners for a past decision."""

from types import SimpleNamespace

import pytest

from dynamicrag.graph.estimates import estimates_now
from dynamicrag.routers.prior import Prior
from tests.learning.rows import decision, query
from tests.learning.test_fold import router


def now(own, past):
    pipeline = SimpleNamespace(points={"generator": SimpleNamespace(router=own)})
    return estimates_now(pipeline, query(1, past))["q1-0"].quality


def test_an_option_without_an_estimate_has_none_by_now_either():
    own = router()
    own.base = Prior.__new__(Prior)  # only its presence counts
    assert now(own, decision("small", base=(0.5, None))) == [pytest.approx(0.5), None]


def test_without_a_base_the_learners_estimate_stands_alone():
    assert now(router(), decision("small", base=(None, None))) == [pytest.approx(0.0)] * 2


def test_a_removed_option_has_none():
    past = decision("small", options=("small", "huge"), base=(0.5, 0.6))
    assert now(router(), past)[1] is None

"""What a router of one's own chooses, before a decision is made of it."""

import json

import numpy as np
import pytest

from dynamicrag.cost.vector import Cost
from dynamicrag.errors import ModelUnavailable, ObjectError
from dynamicrag.routers.base import Choice, Router, StageContext
from dynamicrag.stages.choices import chosen, planned_by
from dynamicrag.stages.decisions import record
from dynamicrag.types import Option, Query

OPTIONS = (Option("small"), Option("large"))
CONTEXT = StageContext(
    stage="generator", query=Query("1", "q"), options=OPTIONS, allowed=(True, True),
    expected=(Cost(), Cost()), left={}, features={}, path={},
)  # fmt: skip


class Own(Router):
    def __init__(self, found):
        self.found = found

    async def choose(self, context):
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    def planned(self, stage, options):
        return self.found


class AtOnce(Own):
    def choose(self, context):
        return Choice(1, "x")


async def test_numbers_of_other_libraries_become_plain_ones():
    given = Choice(np.int64(1), "x", np.float32(0.5), np.array([0.25, 0.5]), [np.float32(0.5), None],
                   base=np.array([0.5, 0.5]), state=np.int64(3))  # fmt: skip
    choice = await chosen(Own(given), CONTEXT)
    assert choice == Choice(1, "x", 0.5, [0.25, 0.5], [0.5, None], base=[0.5, 0.5], state=3)
    decision = record(CONTEXT, choice, {"id": "1", "text": "q"}, "own")
    assert json.loads(json.dumps(decision))["quality"] == [0.25, 0.5]
    assert decision["chosen"] == "large"


@pytest.mark.parametrize(
    ("own", "message"),
    [
        (Own(KeyError("boom")), r"stages.generator, router \(Own\), choose\(\) failed: KeyError: 'boom'"),
        (Own(None), r"choose\(\) returned None; valid: Choice\(index, reason\)"),
        (Own("large"), r"returned 'large'; valid: Choice\(index, reason\)"),
        (Own(Choice(7, "x")), r"gave the index 7; valid: 0 \('small'\), 1 \('large'\)"),
        (Own(Choice(-1, "x")), r"gave the index -1; valid: 0 \('small'\)"),
        (Own(Choice(None, "x")), "gave the index None; valid"),
        (Own(Choice(1.0, "x")), "gave the index 1.0; valid"),
        (Own(Choice(1, None)), "gave reason=None; valid: a text"),
        (Own(Choice(1, "x", propensity=5)), "gave propensity=5; valid: above 0, at most 1"),
        (Own(Choice(1, "x", propensity=None)), "gave propensity=None"),
        (Own(Choice(1, "x", propensity=float("nan"))), "gave propensity=nan"),
        (Own(Choice(1, "x", quality=[1])), r"gave quality=\[1\]; valid: None, or 2 entries"),
        (Own(Choice(1, "x", quality=["a", "b"])), "gave quality="),
        (Own(Choice(1, "x", quality=5)), "gave quality=5"),
        (Own(Choice(1, "x", spread=[0.1])), "gave spread="),
        (Own(Choice(1, "x", base=[0.1])), "gave base="),
        (Own(Choice(1, "x", state="new")), "gave state='new'; valid: None, or a whole number"),
        (Own(Choice(1, "x", expected=[1, 2])), r"gave expected=\[1, 2\]; valid: None, or 2 Costs"),
        (Own(Choice(1, "x", path={"generator": 5})), "gave path="),
        (AtOnce(0), "at once; write it with 'async def'"),
    ],
)
async def test_what_is_no_choice_is_named(own, message):
    with pytest.raises(ObjectError, match=message):
        await chosen(own, CONTEXT)


async def test_a_closed_option_is_named_with_those_that_are_open():
    context = StageContext(
        stage="generator", query=Query("1", "q"), options=OPTIONS, allowed=(True, False),
        expected=(Cost(), Cost()), left={}, features={}, path={},
    )  # fmt: skip
    with pytest.raises(ObjectError, match=r"index 1 \('large'\), which is closed here; open: 0 \('small'\)"):
        await chosen(Own(Choice(1, "x")), context)


async def test_errors_that_mean_something_here_pass():
    with pytest.raises(ModelUnavailable, match="no key"):
        await chosen(Own(ModelUnavailable("no key")), CONTEXT)


def test_the_planned_option_exists():
    assert planned_by(Own(np.int64(1)), "generator", OPTIONS) == 1
    for wrong in (99, -1, None, "large"):
        with pytest.raises(
            ObjectError, match=r"stages.generator, router \(Own\), planned\(\) gave the index"
        ):
            planned_by(Own(wrong), "generator", OPTIONS)

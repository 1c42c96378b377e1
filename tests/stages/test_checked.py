"""What a stage of one's own returns, before the turn takes it."""

from types import SimpleNamespace

import numpy as np
import pytest
from langgraph.errors import GraphInterrupt

from dynamicrag.cost.expect import Plan
from dynamicrag.errors import BudgetExceeded, ObjectError
from dynamicrag.stages.checked import acted, applied, depth_of, evidence_of
from dynamicrag.types import Option

ONE = {"id": "1", "document": "d", "title": "t", "text": "The bridge opened in 1871.", "score": 0.5}
OPTION = Option("a")


def giving(found):
    """Return a stage whose every method gives, or raises, the same."""

    def at_once(*given):
        if isinstance(found, Exception):
            raise found
        return found

    async def later(*given):
        return at_once()

    return SimpleNamespace(name="mine", act=later, evidence=later, apply=at_once, depth=at_once)


async def test_a_stage_changes_passages_texts_and_keys_of_its_own():
    changes = {"candidates": [{**ONE, "score": np.float32(0.5)}], "queries": ["q"], "my_vector": np.ones(2)}
    found = await acted(giving(changes), OPTION, {}, None)
    assert found == {"candidates": [ONE], "queries": ["q"], "my_vector": [1.0, 1.0]}
    assert type(found["candidates"][0]["score"]) is type(found["my_vector"][0]) is float


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (None, r"stages.mine \(SimpleNamespace\), act\(\) returned None; valid: the changes of the turn"),
        ([1], r"returned \[1\]; valid: the changes"),
        ({"candidates": None}, "returned candidates=None; valid: a list of passages"),
        ({"candidates": ["a"]}, r"returned 'a' as candidates\[0\]; valid: a list"),
        ({"passages": [{"text": "x"}]}, r"returned passages\[0\] without 'id'; valid"),
        ({"id": "x"}, "returned the key 'id', which a stage cannot set; valid: queries, candidates"),
        ({"path": {}}, "returned the key 'path'"),
        ({"seq": 9}, "returned the key 'seq'"),
        ({5: 1}, "returned the key 5"),
        ({"text": 5}, "returned text=5; valid: a text"),
        ({"queries": "q"}, "returned queries='q'; valid: a list of texts"),
        ({"action": "stop"}, "returned action='stop'; valid: 'abstain'"),
        ({"draft": {"text": "x"}}, "valid: a draft with dropped, message_id"),
        ({"history": [["user"]]}, r"valid: a list of \[role, text\]"),
        ({"kept": object()}, "returned kept, in which <object object .* is not plain JSON"),
    ],
)
async def test_what_a_stage_cannot_change_is_named(found, message):
    with pytest.raises(ObjectError, match=message):
        await acted(giving(found), OPTION, {}, None)


@pytest.mark.parametrize("error", [BudgetExceeded("dear"), GraphInterrupt()])
async def test_errors_that_mean_something_here_pass(error):
    with pytest.raises(type(error)) as caught:
        await acted(giving(error), OPTION, {}, None)
    assert caught.value is error


async def test_evidence_is_numbers_by_name():
    assert await evidence_of(giving({"fresh": np.float32(0.5)}), {}) == {"fresh": 0.5}
    for wrong in (None, [1], {5: 1.0}, {"x": "a"}, {"x": float("nan")}, ValueError("boom")):
        with pytest.raises(ObjectError, match=r"stages.mine \(SimpleNamespace\), evidence\(\)"):
            await evidence_of(giving(wrong), {})


def test_a_plan_is_changed_to_a_plan_and_a_depth_is_a_number():
    plan = Plan(context_tokens=3.0)
    assert applied(giving(plan), OPTION, Plan()) == plan
    assert depth_of(giving(np.int64(7))) == 7
    for wrong in (None, "x", ValueError("boom")):
        with pytest.raises(ObjectError, match=r"apply\(\)"):
            applied(giving(wrong), OPTION, plan)
        with pytest.raises(ObjectError, match=r"depth\(\)"):
            depth_of(giving(wrong))

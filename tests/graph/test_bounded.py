"""``bounded`` in the report says that only the budget has ended a turn."""

import pytest

from .asking import ESCALATING, QUESTION, asking, calls, escalating, thread

CLOSED = "usd: no budget for escalate:generator"


@pytest.mark.parametrize("exhausted", ["error", "cheapest"])
def test_a_step_up_that_only_the_budget_closes(make, ask, exhausted):
    rag = escalating(make, budget={"exhausted": exhausted})
    assert rag.build_graph().compile().invoke(ask(QUESTION))["rag"]["report"]["bounded"] == CLOSED
    assert calls(make) == {"small": 1}


@pytest.mark.parametrize("exhausted", ["error", "cheapest"])
def test_a_step_up_that_nobody_wants_is_not_missed(make, ask, exhausted):
    rag = asking(make, 0.0015, ESCALATING, budget={"exhausted": exhausted})
    assert rag.build_graph().compile().invoke(ask(QUESTION))["rag"]["report"]["bounded"] == ""


def test_a_grant_that_the_total_makes_useless(make, ask):
    rag = escalating(make, budget={"total": {"usd": 0.013}})
    chat = thread(rag)
    chat(ask(QUESTION))
    rag.pipeline.budget.purse.add({"usd": 0.01})  # other queries take the rest of the total
    report = chat.resume(True)["rag"]["report"]
    assert report["bounded"] == CLOSED
    assert report["asked"][0]["granted"]

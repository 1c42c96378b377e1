"""The warning that a graph cannot ask for more budget comes with a lack alone."""

import pytest

from dynamicrag import BudgetExceeded, DynamicRAGMiddleware

from .asking import QUESTION, asking


def warned(caplog):
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


def test_an_ample_budget_gives_no_warning(make, ask, caplog):
    rag = asking(make, 1.0)
    rag.build_graph().compile().invoke(ask(QUESTION))
    rag.as_tool("bridges", "The bridges.").invoke({"question": QUESTION})
    assert not warned(caplog)


def test_a_tool_that_lacks_budget_says_how_an_agent_can_ask(make, caplog):
    tool = asking(make, 0.0005).as_tool("bridges", "The bridges.")
    for _ in range(2):
        with pytest.raises(BudgetExceeded):
            tool.invoke({"question": QUESTION})
    (message,) = warned(caplog)
    assert "a tool of your own that calls the compiled graph" in message


def test_the_middleware_says_that_it_cannot_ask(make, caplog):
    DynamicRAGMiddleware(asking(make, 0.0005))
    (message,) = warned(caplog)
    assert "objective.budget.exhausted: 'ask' acts as 'error'" in message

"""Errors for the clients of LangGraph Server, which gets the text of built-in errors alone."""

import pytest

from dynamicrag import BudgetExceeded, InputError
from dynamicrag.errors import TotalExceeded


@pytest.mark.parametrize("kind", [InputError, BudgetExceeded, TotalExceeded])
def test_the_server_shows_the_text(kind):
    serde = pytest.importorskip("langgraph_api.serde")
    assert serde.default(kind("usd: raise the limit")) == {
        "error": kind.__name__,
        "message": "usd: raise the limit",
    }


def test_a_corpus_that_is_no_text_is_refused():
    pytest.importorskip("langgraph_sdk.runtime")
    from types import SimpleNamespace

    from graphs.shared import corpus_of

    runtime = SimpleNamespace(execution_runtime=SimpleNamespace(context={"corpus": ["a"]}))
    with pytest.raises(InputError, match=r"context\.corpus: expected the name of a corpus; got \['a'\]"):
        corpus_of(runtime)

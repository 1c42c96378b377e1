"""The middleware beside LangChain's own: fallback, tool selection, summarisation."""

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import (
    AgentMiddleware,
    LLMToolSelectorMiddleware,
    ModelFallbackMiddleware,
    ModelRetryMiddleware,
    SummarizationMiddleware,
)
from langchain_core.messages import HumanMessage

from dynamicrag.errors import BudgetExceeded, ProviderError
from dynamicrag.faces.langchain import DynamicRAGMiddleware
from tests.faces.langchain.scripted import ToolChat, calls, said
from tests.faces.langchain.test_middleware import ASKED, about, add, adds, agent_of, run, two

FIXED = {"retrieval": {"options": ["none"]}, "generator": {"router": {"fixed": {"option": "gpt-4o-mini"}}}}


class Down(Exception):
    """A server's error: the provider has done no work."""

    status_code = 503


class Rejected(Exception):
    """A server's refusal of one request."""

    status_code = 400


@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_fallback_model_is_booked_under_its_own_name_and_the_failed_call_too(make, how):
    models = two()
    models["gpt-4o-mini"].script = lambda *_: Rejected("no")
    other = ToolChat(named="gpt-4.1", script=adds)
    rag = make(models, stages=FIXED)
    out = run(agent_of(rag, models, beside=[ModelFallbackMiddleware(other)]), how)
    assert out["messages"][-1].text == "It is 3."
    assert about(out)["model"] == "openai:gpt-4.1"
    assert models["gpt-4o"].given == []
    lines = [each for each in rag.account(about(out)["query_id"]).lines if each.usage.calls]
    assert [(each.label, each.failed) for each in lines] == [
        ("gpt-4o-mini", True), ("openai:gpt-4.1", False), ("gpt-4o-mini", True), ("openai:gpt-4.1", False),
    ]  # fmt: skip
    assert [each.usage.input_tokens for each in lines] == [0, 100, 0, 100]
    assert lines[1].profile.usd.input == pytest.approx(2.0e-6)


def test_an_outage_behind_a_fallback_is_noticed(make):
    models = two()
    models["gpt-4o-mini"].script = lambda *_: Down("no")
    rag = make(models, stages=FIXED)
    other = ToolChat(named="gpt-4.1", script=adds)
    out = agent_of(rag, models, beside=[ModelFallbackMiddleware(other)]).invoke(ASKED)
    assert len(models["gpt-4o-mini"].given) == 1
    assert about(out)["model"] == "gpt-4o"


def test_a_fallback_to_an_option_of_the_policy_has_its_profile(make):
    models = two()
    models["gpt-4o-mini"].script = lambda *_: Rejected("no")
    rag = make(models, stages=FIXED)
    other = ToolChat(named="gpt-4o-2024-08-06", script=adds)
    out = agent_of(rag, models, beside=[ModelFallbackMiddleware(other)]).invoke(ASKED)
    assert about(out)["model"] == "gpt-4o"


@pytest.mark.parametrize("how", ["sync", "async"])
def test_without_a_fallback_another_option_takes_over(make, how):
    models = two()
    models["gpt-4o-mini"].script = lambda *_: Down("no")
    rag = make(models, stages=FIXED)
    out = run(agent_of(rag, models), how)
    assert about(out)["model"] == "gpt-4o"
    made = out["rag"]["decisions"]
    assert [(each["chosen"], each["router"]) for each in made] == [
        ("gpt-4o-mini", "fixed"), ("gpt-4o", "fallback"), ("gpt-4o", "kept"),
    ]  # fmt: skip


def test_if_all_options_fail_the_error_names_the_model(make):
    models = two(lambda *_: ValueError("odd"))
    rag = make(models, stages=FIXED)
    with pytest.raises(ProviderError, match=r"gpt-4o .*odd"):
        agent_of(rag, models).invoke(ASKED)


def test_retries_within_are_each_on_the_account(make):
    tried = []

    def script(messages, kwargs):
        tried.append(1)
        return Down("no") if len(tried) == 1 else adds(messages, kwargs)

    models = two(script)
    rag = make(models, stages=FIXED)
    out = agent_of(rag, models, beside=[ModelRetryMiddleware(max_retries=1, initial_delay=0.0)]).invoke(ASKED)
    lines = [each for each in rag.account(about(out)["query_id"]).lines if each.usage.calls]
    assert [each.failed for each in lines] == [True, False, False]


@pytest.mark.parametrize("how", ["sync", "async"])
def test_the_tool_selectors_own_call_is_not_ours(make, how):
    def select(messages, kwargs):
        del messages, kwargs
        return calls(("ToolSelectionResponse", {"tools": ["add"]}))

    selecting = ToolChat(named="gpt-4.1-nano", script=select)

    def sub(a: int, b: int) -> int:
        """Subtract numbers."""
        return a - b

    class Selecting(ToolChat):
        def with_structured_output(self, schema, **kwargs):
            return self | (lambda message: message.tool_calls[0]["args"])

    selecting = Selecting(named="gpt-4.1-nano", script=select)
    models = two()
    rag = make(models, stages=FIXED)
    beside = [LLMToolSelectorMiddleware(model=selecting, max_tools=1)]
    out = run(agent_of(rag, models, (add, sub), beside=beside), how)
    assert out["messages"][-1].text == "It is 3."
    assert len(selecting.given) == 2
    shown = [
        [each["function"]["name"] for each in kwargs["tools"]] for _, kwargs in models["gpt-4o-mini"].given
    ]
    assert shown == [["add"], ["add"]]
    lines = rag.account(about(out)["query_id"]).lines
    assert {each.label for each in lines if each.usage.calls} == {"gpt-4o-mini"}


@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_task_continues_when_its_question_is_summarised(make, how):
    turns = []

    def script(messages, kwargs):
        del kwargs
        turns.append(messages)
        return said("done") if len(turns) == 5 else calls(("add", {"a": len(turns), "b": 2}))

    summariser = ToolChat(named="gpt-4.1-nano", script=lambda *_: said("They add numbers."))
    models = two(script)
    rag = make(models, stages=FIXED)
    beside = [SummarizationMiddleware(model=summariser, trigger=("messages", 6), keep=("messages", 2))]
    out = run(agent_of(rag, models, beside=beside), how)
    assert summariser.given
    assert not any(isinstance(m, HumanMessage) and m.text == "What is 1 + 2?" for m in out["messages"])
    assert {each["turn"] for each in out["rag"]["decisions"]} == {about(out)["query_id"]}
    assert len(out["rag"]["decisions"]) == 5
    assert out["rag"]["report"]["question"] == "What is 1 + 2?"


def test_a_message_that_other_middleware_adds_at_the_end_begins_no_task(make):
    class Asks(AgentMiddleware):
        def after_agent(self, state, runtime):
            return {"messages": [HumanMessage("Anything else?")]}

    models = two()
    rag = make(models, stages=FIXED)
    out = agent_of(rag, models, beside=[Asks()]).invoke(ASKED)
    assert out["rag"]["report"]["question"] == "What is 1 + 2?"
    assert {each["turn"] for each in out["rag"]["decisions"]} == {out["rag"]["report"]["query_id"]}


def test_a_summary_alone_begins_a_task(make):
    models = two(lambda *_: said("done"))
    summary = HumanMessage("They add.", additional_kwargs={"lc_source": "summarization"})
    out = agent_of(make(models), models).invoke({"messages": [summary]})
    assert out["rag"]["report"]["question"] == "They add."


class AsksAgain(AgentMiddleware):
    """Rejects all replies but the last."""

    times = 5

    def wrap_model_call(self, request, handler):
        for number in range(self.times):
            reply = handler(
                request.override(messages=[*request.messages, HumanMessage(f"{number}: better?")])
            )
        return reply

    async def awrap_model_call(self, request, handler):
        for _ in range(self.times):
            reply = await handler(request)
        return reply


@pytest.mark.parametrize("how", ["sync", "async"])
def test_rejected_replies_belong_to_the_task(make, how):
    models = {"gpt-4o": ToolChat(named="gpt-4o", script=lambda *_: said("Hm.", read=20), max_tokens=50)}
    rag = make(models)
    mine = DynamicRAGMiddleware(rag)
    out = run(create_agent(models["gpt-4o"], [], middleware=[AsksAgain(), mine]), how)
    assert out["rag"]["report"]["tokens"] == {"input": 100, "output": 50}
    assert [each["seq"] for each in out["rag"]["decisions"]] == [0, 1, 2, 3, 4]
    assert list(rag.pipeline.ledger._accounts) == [about(out)["query_id"]]


class Repeats(AgentMiddleware):
    """Calls again after a failure."""

    def wrap_model_call(self, request, handler):
        try:
            return handler(request)
        except ProviderError:
            return handler(request)

    async def awrap_model_call(self, request, handler):
        try:
            return await handler(request)
        except ProviderError:
            return await handler(request)


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("broken", [1, 2], ids=["the first call", "a later call"])
def test_a_call_that_is_repeated_after_a_failure_belongs_to_the_task(make, how, broken):
    def script(messages, kwargs):
        # an error that does not say whether the server has answered is booked at the worst case
        return Exception("it broke off") if len(model.given) == broken else adds(messages, kwargs)

    model = ToolChat(named="gpt-4o", script=script, max_tokens=50)
    rag = make({"gpt-4o": model}, objective={"budget": {"total": {"usd": 1}}})
    rag.pipeline.models["gpt-4o"].max_retries = 0
    rag.pipeline.models["gpt-4o"].outage.failed = lambda *_: None
    agent = create_agent(model, [add], middleware=[Repeats(), DynamicRAGMiddleware(rag)])
    out = run(agent, how)
    assert [each.failed for each in rag.account(about(out)["query_id"]).lines if each.usage.calls] == [
        number == broken for number in (1, 2, 3)
    ]
    assert list(rag.pipeline.ledger._accounts) == [about(out)["query_id"]]
    ids = [line["id"] for line in out["rag"]["account"]]
    assert len(ids) == len(set(ids))
    assert out["rag"]["report"]["cost"]["usd"]["value"] == pytest.approx(rag.budget()["usd"]["spent"])


@pytest.mark.parametrize("how", ["sync", "async"])
def test_the_budget_of_a_query_holds_for_rejected_replies(make, how):
    models = {"gpt-4o": ToolChat(named="gpt-4o", script=lambda *_: said("Hm.", read=20), max_tokens=50)}
    limit = 0.001
    rag = make(models, objective={"budget": {"per_query": {"usd": limit}}})
    mine = DynamicRAGMiddleware(rag)
    with pytest.raises(BudgetExceeded, match="per_query"):
        run(create_agent(models["gpt-4o"], [], middleware=[AsksAgain(), mine]), how)
    (query,) = rag.pipeline.ledger._accounts
    assert 1 < len(models["gpt-4o"].given) < AsksAgain.times
    assert 0 < rag.cost(query)["usd"] <= limit

"""Bad input of agents: refused early, with the reason, and nothing lost."""

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, SystemMessage

from dynamicrag.errors import BudgetExceeded, InputError, PolicyError, ProviderError
from dynamicrag.faces.langchain.capable import Capable
from tests.faces.langchain.scripted import ToolChat, calls, said
from tests.faces.langchain.test_middleware import ASKED, about, adds, agent_of, run, two

MINI_FIRST = {
    "retrieval": {"options": ["none"]},
    "generator": {"router": {"fixed": {"option": "gpt-4o-mini"}}},
}


class Plain(ToolChat):
    """A model of a class that has no tools."""

    bind_tools = BaseChatModel.bind_tools


class Refuses(Exception):
    """A server refuses tools."""

    status_code = 400


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("messages", [[], [SystemMessage("Be brief.")]])
def test_no_human_message(make, how, messages):
    models = two()
    with pytest.raises(InputError, match="no human message"):
        run(agent_of(make(models), models), how, {"messages": messages})


@pytest.mark.parametrize("how", ["sync", "async"])
def test_no_model_with_tools(make, how):
    models = {name: Plain(named=name, script=adds) for name in ("gpt-4o-mini", "gpt-4o")}
    agent = agent_of(make(models), {"gpt-4o": ToolChat(named="x", script=adds)})
    with pytest.raises(PolicyError, match=r"no model can call tools: gpt-4o-mini \(.*\), gpt-4o \("):
        run(agent, how)


def test_a_model_without_tools_is_passed_over(make):
    models = two() | {"gpt-4o-mini": Plain(named="gpt-4o-mini", script=adds)}
    out = agent_of(make(models), models).invoke(ASKED)
    assert about(out)["model"] == "gpt-4o"
    assert out["rag"]["decisions"][0]["allowed"] == [False, True]


def test_a_forced_model_without_tools(make):
    models = two() | {"gpt-4o-mini": Plain(named="gpt-4o-mini", script=adds)}
    with pytest.raises(InputError, match="'gpt-4o-mini' cannot call tools; valid: gpt-4o"):
        agent_of(make(models), models).invoke(
            ASKED, {"configurable": {"rag": {"options": {"generator": "gpt-4o-mini"}}}}
        )


def test_a_refusal_of_tools_is_remembered(make):
    models = two()
    models["gpt-4o-mini"].script = lambda *_: Refuses("this model does not support tools")
    rag = make(models, stages=MINI_FIRST)
    agent = agent_of(rag, models)
    assert about(agent.invoke(ASKED))["model"] == "gpt-4o"
    assert about(agent.invoke(ASKED))["model"] == "gpt-4o"
    assert len(models["gpt-4o-mini"].given) == 1


def test_a_model_that_answers_with_tools_has_not_refused_them_for_good(make):
    models = two()
    errors = [Refuses("tools: Extra inputs are not permitted")]
    models["gpt-4o-mini"].script = lambda *given: errors.pop() if errors else adds(*given)
    rag = make(models, stages=MINI_FIRST)
    agent = agent_of(rag, models)
    assert about(agent.invoke(ASKED))["model"] == "gpt-4o"
    only = {"configurable": {"rag": {"options": {"generator": "gpt-4o-mini"}}}}
    assert about(agent.invoke(ASKED, only))["model"] == "gpt-4o-mini"
    assert about(agent.invoke(ASKED))["model"] == "gpt-4o-mini"


def test_a_call_that_closes_all_models_with_tools(make):
    models = two() | {"gpt-4o-mini": Plain(named="gpt-4o-mini", script=adds)}
    closed = {"configurable": {"rag": {"closed": {"generator": ["gpt-4o"]}}}}
    with pytest.raises(InputError, match="no model that can call tools is left; open one of: gpt-4o"):
        agent_of(make(models), models).invoke(ASKED, closed)


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ("registry.ollama.ai/library/gemma:latest does not support tools", True),
        ('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set', True),
        ("No endpoints found that support tool use", True),
        ("Function calling is not enabled for this model", True),
        ("tools: Extra inputs are not permitted", True),
        ("Unrecognized request argument supplied: tools", True),
        ("messages with role 'tool' must be a response to a preceeding message with 'tool_calls'", False),
        ("messages.2: `tool_use` ids were found without `tool_result` blocks immediately after", False),
        ("Invalid 'tools[0].function.name': string does not match pattern; spaces are not allowed", False),
        ("tools.0.custom.input_schema.kind: Extra inputs are not permitted", False),
        ("{'loc': ['body', 'tools', 0, 'strict'], 'msg': 'Extra inputs are not permitted'}", False),
    ],
)
def test_what_counts_as_a_refusal_of_tools(said, refused):
    assert Capable({}).learn("gpt-4o", Refuses(said)) is refused


@pytest.mark.parametrize("said", ["role 'tool' must be a response to 'tool_calls'", "tools: not supported"])
def test_a_refused_conversation_closes_no_model_to_the_next_one(make, said):
    broken = [Refuses(said)] * 2
    models = two(lambda *given: broken.pop() if broken else adds(*given))
    agent = agent_of(make(models), models)
    with pytest.raises(ProviderError, match="tool"):
        agent.invoke(ASKED)
    assert not broken
    assert agent.invoke(ASKED)["messages"][-1].text == "It is 3."


@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_tool_that_raises_keeps_its_error_and_the_account(make, how):
    def add(a: int, b: int) -> int:
        """Add numbers."""
        raise RuntimeError("the tool broke")

    models = two()
    rag = make(models)
    with pytest.raises(RuntimeError, match="the tool broke"):
        run(agent_of(rag, models, (add,)), how)
    rag.flush()
    (stored,) = [rag.pipeline.bookkeeper.kept(query) for query in rag.pipeline.ledger._accounts]
    assert stored["error"] == "RuntimeError"
    assert stored["tokens"]["input"] == 100


def test_images_are_left_to_the_model(make):
    models = two(lambda *_: said("a cat"))
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    out = agent_of(make(models), models, ()).invoke({"messages": [HumanMessage([image])]})
    assert out["rag"]["report"]["question"] == "[no text]"


def test_a_policy_without_a_generator_router(make):
    models = {"gpt-4o": ToolChat(named="gpt-4o", script=adds)}
    rag = make(models, stages={"retrieval": {"options": ["none"]}})
    assert about(agent_of(rag, models).invoke(ASKED))["model"] == "gpt-4o"


def test_wrong_call_options(make):
    models = two()
    with pytest.raises(InputError, match="unknown key 'optons'"):
        agent_of(make(models), models).invoke(ASKED, {"configurable": {"rag": {"optons": {}}}})


@pytest.mark.parametrize("how", ["sync", "async"])
def test_an_endless_task_ends_at_its_budget(make, how):
    models = two(lambda *_: calls(("add", {"a": 1, "b": 2}), read=1000, wrote=50))
    rag = make(models, objective={"weights": {"usd": 20}, "budget": {"per_query": {"usd": 0.01}}})
    with pytest.raises(BudgetExceeded, match="per_query"):
        run(agent_of(rag, models), how, config={"recursion_limit": 500})
    (query,) = rag.pipeline.ledger._accounts
    assert 0.005 < rag.cost(query)["usd"] <= 0.01


def test_a_policy_without_documents_must_say_so(make):
    models = two()
    with pytest.raises(PolicyError, match=r"there are no documents; give a corpus .* or a retriever"):
        make(models, stages={"generator": {"router": "prior"}})
    rag = make(models, stages={"retrieval": {"options": ["none"]}, "generator": {"router": "prior"}})
    assert rag.pipeline.corpora == {}
    graph = rag.build_graph().compile()
    models["gpt-4o-mini"].script = models["gpt-4o"].script = lambda *_: said("Three.")
    assert graph.invoke(ASKED)["messages"][-1].text == "Three."

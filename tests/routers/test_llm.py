"""A router that asks a model: what it takes for a reply, and who pays."""

import pytest

from dynamicrag import DynamicRAG, PolicyError
from dynamicrag.graph.warm import used_models
from dynamicrag.testing import FakeRetriever, ScriptedChat

POLICY = {
    "version": 1,
    "host": {"meter": "none"},
    "runs": {"keep": 0},
    "models": {
        "cheap": {"profile": {"usd": {"input": 1e-7, "output": 1e-6}}},
        "strong": {"profile": {"usd": {"input": 1e-6, "output": 1e-5}}},
        "judge": {"profile": {"usd": {"call": 4e-4}}},
    },
    "helper": "judge",
    "stages": {
        "generator": {
            "options": {
                "cheap": {"description": "plain facts"},
                "strong": {"description": {"domain": "physics", "action": "derive a formula"}},
            },
            "router": "llm",
        }
    },
}
QUESTION = {"messages": [("user", "When did the bridge open?")]}


def says(text):
    return ScriptedChat(script=lambda kind, prompt: text)


@pytest.fixture
def make():
    made = []

    def go(reply, router=None, **changes):
        policy = {**POLICY, **changes}
        chats = {name: says(name) for name in policy["models"]} | {"judge": says(reply)}
        if router is not None:
            stages = {"generator": {**POLICY["stages"]["generator"], "router": {"llm": router}}}
            policy = {**policy, "stages": stages}
        # short answers: the prices of the tests are those of their limit of tokens
        policy["stages"] = {"prompt": {"options": ["direct"]}, **policy["stages"]}
        rag = DynamicRAG.from_policy(
            policy, models=chats, retrievers={"kb": FakeRetriever(["It opened in 1871."])}
        )
        made.append(rag)
        return rag, chats

    yield go
    for rag in made:
        rag.close()


def decide(rag):
    state = rag.build_graph().compile().invoke(QUESTION)
    (decision,) = [each for each in state["rag"]["decisions"] if each["stage"] == "generator"]
    return state, decision


@pytest.mark.parametrize("reply", ["strong", " Strong.", "Option: strong\n", "**strong**", '"STRONG"'])
def test_the_option_that_the_model_names_is_taken(make, reply):
    rag, chats = make(reply)
    state, decision = decide(rag)
    assert (decision["chosen"], decision["router"]) == ("strong", "llm")
    assert decision["reason"] == "judge chose it"
    assert state["messages"][-1].text == "strong"
    (asked,) = chats["judge"].calls
    assert asked.kind == "route"
    assert "1. cheap: plain facts\n2. strong: physics: derive a formula" in asked.messages[-1].text
    assert "When did the bridge open?" in asked.messages[-1].text


@pytest.mark.parametrize("reply", ["", "stronger", "cheap or strong", "In 1871.", "3"])
def test_a_useless_reply_leaves_the_first_option_and_says_so(make, reply):
    _, decision = decide(make(reply)[0])
    assert decision["chosen"] == "cheap"
    assert decision["reason"].startswith("judge named no open option") or "empty" in decision["reason"]


def test_what_is_taken_instead_can_be_said(make):
    _, decision = decide(make("no idea", {"otherwise": "strong"})[0])
    assert decision["chosen"] == "strong"


def test_a_call_that_fails_leaves_the_default_and_its_cost(make):
    rag, _ = make("BREAK")
    state, decision = decide(rag)
    assert decision["chosen"] == "cheap"
    assert decision["reason"].startswith("judge could not be asked: model judge")
    assert "route:generator" in state["rag"]["report"]["stages"]


def test_its_cost_is_on_the_account_apart_and_its_time_is_counted_once(make):
    rag, _ = make("strong")
    state, decision = decide(rag)
    lines = rag.account(state["rag"]["report"]["query_id"]).lines
    (asked,) = [line for line in lines if line.stage == "route:generator"]
    assert (asked.label, asked.usage.input_tokens, asked.usage.output_tokens) == ("judge", 20, 1)
    cost = state["rag"]["report"]["stages"]["route:generator"]["usd"]["value"]
    assert cost == pytest.approx(4e-4)
    (choosing,) = [line for line in lines if line.label == "router:llm"]
    assert choosing.usage.seconds + asked.usage.seconds <= decision["cost"]["seconds"] + 1e-3


def test_the_reply_is_no_part_of_the_answers_stream(make):
    rag, _ = make("strong")
    app = rag.build_graph().compile()
    text = "".join(chunk.text for chunk, _ in app.stream(QUESTION, stream_mode="messages") if chunk.text)
    assert "strong" in text
    assert text.count("strong") <= 2  # the answer's tokens, and its final message


def limited(usd):
    return {"budget": {"per_query": {"usd": usd}}}


def test_asking_is_within_the_budget(make):
    rag, chats = make("strong", objective=limited(3.9e-4))  # the judge alone takes 4e-4
    _, decision = decide(rag)
    assert not chats["judge"].calls
    assert decision["chosen"] == "cheap"


def test_a_model_that_asking_has_no_room_for_is_not_asked(make):
    options = {name: {"description": name} for name in ("cheap", "cheap2")}
    stages = {"generator": {"options": options, "router": {"llm": {}}}}
    models = {**POLICY["models"], "cheap2": POLICY["models"]["cheap"]}
    rag, chats = make("cheap2", stages=stages, models=models, objective=limited(3.9e-4))
    _, decision = decide(rag)
    assert not chats["judge"].calls
    assert decision["chosen"] == "cheap"
    assert decision["reason"].startswith("judge could not be asked: objective.budget.per_query.usd")


def test_what_asking_cost_is_no_longer_there(make):
    """The limit has room for the strong model, and for asking; not for both."""
    assert decide(make("strong", objective=limited(2e-3))[0])[1]["chosen"] == "strong"
    rag, chats = make("strong", objective=limited(1.2e-3))
    state, decision = decide(rag)
    assert chats["judge"].calls
    assert decision["chosen"] == "cheap"
    assert "no longer fits after asking" in decision["reason"]
    assert state["messages"][-1].text == "cheap"
    assert rag.cost(state["rag"]["report"]["query_id"], 0)["usd"] <= 1.2e-3


def test_one_open_option_is_not_asked_for(make):
    policy = {"stages": {"generator": {"options": ["cheap"], "router": {"llm": {}}}}}
    rag, chats = make("strong", **policy)
    assert decide(rag)[1]["reason"] == "the only open option"
    assert not chats["judge"].calls


@pytest.mark.parametrize(
    ("router", "changes", "message"),
    [
        (
            {"model": "jugde"},
            {},
            r"router\.llm\.model: unknown model 'jugde'; did you mean 'judge'",
        ),
        ({}, {"helper": None}, r"router\.llm: no model to ask; set 'model', or 'helper' in the policy"),
        ({"otherwise": "chep"}, {}, r"llm\.otherwise: unknown option 'chep'; did you mean 'cheap'"),
        (
            {"about": {"x": "y"}},
            {},
            r"llm: unknown parameter 'about'.*descriptions belong to the options: options: \{small: \{desc",
        ),
        ({"temperature": 3}, {}, r"llm: temperature: expected a number from 0 to 2, got 3"),
        ({"epsilon": -1}, {}, r"llm: epsilon: expected a number from 0 to 1"),
        ({"draws": 0}, {}, r"llm: draws: expected a whole number from 1 to 50, got 0"),
        ({"max_tokens": 10_000}, {}, r"llm: max_tokens: expected a whole number from 1 to 8,192"),
        ({"deps": 1}, {}, r"llm: unknown parameter 'deps'"),
    ],
)
def test_a_wrong_name_is_refused(make, router, changes, message):
    with pytest.raises(PolicyError, match=message):
        make("x", router, **changes)


def test_drafts_are_not_its_business(make):
    stages = {**POLICY["stages"], "verification": {"options": ["accept", "abstain"], "router": "llm"}}
    with pytest.raises(PolicyError, match=r"verification\.router: 'llm' chooses by the question"):
        make("x", stages=stages)


def test_the_command_line_gets_its_model_ready_too(make):
    rag, _ = make("strong", {"model": "judge"}, helper=None)
    assert used_models(rag.pipeline, conversation=False) == ["cheap", "strong", "judge"]

"""Conversations: passages of the turn before are used again, and what the next turn knows of it."""

import json
from itertools import pairwise

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph

from dynamicrag import DynamicRAG, RagState
from dynamicrag.errors import InputError, PolicyError
from dynamicrag.routers.base import Choice, Router
from dynamicrag.testing import FakeRetriever, ScriptedChat

from .conftest import call

FIRST, SECOND = "When was the bridge of town03 opened?", "Which river is it on?"
THREAD = {"configurable": {"thread_id": "1"}}


def stages(*options, router="prior", **more):
    return {"retrieval": {"options": list(options), "router": router}, **more}


def taking(option):
    return {"fixed": {"option": option}}


def at(stage, out):
    return next(each for each in out["rag"]["decisions"] if each["stage"] == stage)


def talk(app, *questions, how="sync", config=THREAD):
    for question in questions:
        out = call(app, how, {"messages": [("user", question)]}, config)
    return out


def searched(rag, out):
    lines = rag.account(out["rag"]["report"]["query_id"]).lines
    return [line.label for line in lines if line.stage == "retriever" and "router:" not in line.label]


@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_follow_up_is_answered_from_the_passages_of_the_turn_before(make, how):
    rag = make(stages=stages("none", "reuse", "single", router=taking("reuse")))
    app = rag.build_graph().compile(checkpointer=InMemorySaver())
    first = talk(app, FIRST, how=how)
    assert at("retrieval", first)["chosen"] == "single"
    assert at("retrieval", first)["allowed"] == [True, False, True]
    second = talk(app, SECOND, how=how)
    assert at("retrieval", second)["chosen"] == "reuse"
    assert second["rag"]["turn"]["text"] == "Which river is the bridge of town03 on?"
    assert second["rag"]["report"]["passages"] == first["rag"]["report"]["passages"]
    assert second["rag"]["report"]["sources"] == first["rag"]["report"]["sources"]
    assert searched(rag, first) == ["lexical"]
    assert searched(rag, second) == []
    assert "retriever" not in second["rag"]["report"]["path"]
    assert "town03 was opened in 1813" in make.models["small"].calls[-1].messages[-1].text
    third = talk(app, "And when was it opened?", how=how)
    assert third["rag"]["report"]["passages"] == first["rag"]["report"]["passages"]


def test_signals_of_reused_passages_are_those_of_the_new_question(make):
    app = make(stages=stages("reuse", "single", router=taking("reuse"))).build_graph()
    out = talk(app.compile(checkpointer=InMemorySaver()), FIRST, SECOND)
    features = at("context", out)["features"]
    assert features["matched"] > 0.5
    assert features["top_share"] == features["top_margin"] == 0.0  # scores belong to the question before
    assert "similarity" not in features


def test_extend_adds_what_is_found_each_passage_once(make):
    rag = make(
        stages=stages("single", "extend", router=taking("extend"), context={"options": {"c": {"chunks": 9}}})
    )
    app = rag.build_graph().compile(checkpointer=InMemorySaver())
    first = talk(app, "When was the bridge of town03 opened?")
    assert at("retrieval", first)["chosen"] == "single"
    second = talk(app, "When was the bridge of town05 opened, in which year?")
    assert at("retrieval", second)["chosen"] == "extend"
    assert searched(rag, second) == ["lexical"]
    before, after = (out["rag"]["report"]["passages"] for out in (first, second))
    assert len(set(after)) == len(after)
    assert any("town05" in name for name in after[:1])
    assert any("town03" in name for name in after)
    candidates = {passage["id"] for passage in second["rag"]["turn"]["candidates"]}
    assert candidates >= set(before)


def test_a_filter_permits_the_passages_of_the_turn_before_too(make, docs):
    facts = {"town03*": {"tenant": "a"}, "town05*": {"tenant": "b"}}
    corpora = {"docs": {"path": str(docs), "metadata": facts}}
    rag = make(stages=stages("reuse", "single", router=taking("reuse")), corpora=corpora)
    app = rag.build_graph().compile(checkpointer=InMemorySaver())

    def asked(question, tenant, **options):
        config = {"configurable": {"thread_id": "1", "rag": {"filter": {"tenant": tenant}, **options}}}
        return talk(app, question, config=config)

    assert [each["title"] for each in asked(FIRST, "a")["rag"]["report"]["sources"]] == ["About town03"]
    assert at("retrieval", asked(SECOND, "a"))["chosen"] == "reuse"
    other = asked(SECOND, "b")
    assert at("retrieval", other)["allowed"] == [False, True]
    assert all("town03" not in each for each in other["rag"]["report"]["passages"])
    asked(FIRST, "a")
    with pytest.raises(InputError, match="'reuse' needs the passages of the turn before, and none are known"):
        asked(SECOND, "b", options={"retrieval": "reuse"})


def test_an_option_that_needs_a_turn_before_cannot_be_forced_on_the_first(make, ask):
    app = make(stages=stages("reuse", "single", router=taking("single"))).build_graph().compile()
    forced = {"configurable": {"rag": {"options": {"retrieval": "reuse"}}}}
    with pytest.raises(InputError, match=r"stages\.retrieval: 'reuse' needs the passages of the turn before"):
        app.invoke(ask(FIRST), forced)


def test_a_policy_needs_an_option_for_the_first_question(make):
    with pytest.raises(PolicyError, match=r"retrieval\.options: the first question.*add one of none, single"):
        make(stages=stages("reuse", "extend"))


def test_it_is_closed_after_a_turn_without_passages(make):
    app = make(stages=stages("none", "reuse", "single")).build_graph()
    out = talk(
        app.compile(checkpointer=InMemorySaver()), "Hello there!", "When was the bridge of town05 opened?"
    )
    assert at("retrieval", out)["allowed"] == [True, False, True]


def test_reusing_costs_no_search_and_no_rewriting(make):
    models = {
        name: {"model": f"fake:{name}", "profile": {"usd": {"call": 0.01}, "cpu_seconds": {"call": 0.0}}}
        for name in ("small", "medium", "large", "helper")
    }
    rewrite = {"options": {"hyde": None}}
    retriever = {"options": {"dense": {"chroma": {}}}}
    rag = make(
        stages=stages(
            "none", "reuse", "single", "extend", router=taking("none"), rewrite=rewrite, retriever=retriever
        ),
        models=models,
    )
    usd = [
        rag.pipeline.decider.price(FIRST, {"retrieval": name})["usd"]
        for name in ("none", "reuse", "single", "extend")
    ]
    assert usd == pytest.approx([0.01, 0.01, 0.02, 0.02])
    cpu = [
        rag.pipeline.decider.price(FIRST, {"retrieval": name})["seconds"]
        for name in ("reuse", "single", "extend")
    ]
    assert cpu[0] < cpu[1] == cpu[2]


@pytest.mark.parametrize(
    ("question", "options", "expected", "signals"),
    [
        (SECOND, ("none", "reuse", "single", "extend"), "reuse", (1.0, 1.0)),
        (SECOND, ("none", "single", "extend"), "extend", (1.0, 1.0)),
        (SECOND, ("none", "single"), "single", None),
        ("And what did it cost?", ("none", "reuse", "single", "extend"), "extend", (1.0, 0.0)),
        ("And what did it cost?", ("reuse", "single"), "single", (1.0, 0.0)),
        ("When was the bridge of town05 opened?", ("reuse", "single", "extend"), "single", (0.0, None)),
        ("Thanks!", ("none", "reuse", "single"), "none", None),
    ],
)
def test_the_prior_reuses_what_has_the_words_of_a_follow_up(make, question, options, expected, signals):
    app = make(stages=stages(*options)).build_graph().compile(checkpointer=InMemorySaver())
    decision = at("retrieval", talk(app, FIRST, question))
    assert decision["chosen"] == expected
    if signals:
        leans, matched = signals
        assert decision["features"]["leans"] == leans
        assert matched in (None, decision["features"]["last_matched"])


class Seeing(Router):
    """Keeps the contexts that it sees."""

    def __init__(self):
        self.seen = []

    async def choose(self, context):
        self.seen.append(context)
        return Choice(context.nearest(0), "the first")


def test_a_router_sees_the_turn_before(make):
    seeing = Seeing()
    generator = {"options": ["small", "medium"], "router": "seeing"}
    rag = make(stages={"generator": generator}, objects={"routers": {"seeing": seeing}})
    app = rag.build_graph().compile(checkpointer=InMemorySaver())
    out = talk(app, FIRST)
    assert seeing.seen[-1].last is None
    assert "leans" not in at("generator", out)["features"]
    out = talk(app, SECOND)
    last = seeing.seen[-1].last
    assert (last["model"], last["path"]["generator"], last["cached_tokens"]) == ("small", "small", 0)
    assert last["input_tokens"] == 100
    assert last["candidates"] == []  # no option of this policy uses them
    assert at("generator", out)["features"]["leans"] == 1.0
    assert "last" not in out["rag"]["turn"]  # the next turn needs this one alone
    json.dumps(out["rag"])


class Caching(ScriptedChat):
    """Reports that its provider has read 900 of each prompt's 1,000 tokens from a cache."""

    def _usage(self, messages, text):
        usage = {"input_tokens": 1000, "output_tokens": 2, "total_tokens": 1002}
        return {**usage, "input_token_details": {"cache_read": 900}}


def test_a_router_sees_what_the_prompt_cache_of_the_model_before_saves():
    seeing = Seeing()
    prices = {"profile": {"usd": {"input": 2e-6, "cached": 5e-7, "output": 8e-6}}}
    policy = {
        "version": 1,
        "host": {"meter": "none"},
        "runs": {"keep": 0},
        "models": {"small": prices, "large": prices},
        "stages": {"generator": {"router": "seeing"}},
    }
    chats = {name: Caching(script=lambda kind, prompt: "In 1871.") for name in policy["models"]}
    kb = FakeRetriever(["The bridge opened in 1871."])
    rag = DynamicRAG.from_policy(policy, models=chats, retrievers={"kb": kb}, routers={"seeing": seeing})
    talk(rag.build_graph().compile(checkpointer=InMemorySaver()), FIRST, SECOND)
    before, after = seeing.seen
    assert (before.last, before.saves) == (None, {})
    assert (after.last["model"], after.last["cached_tokens"]) == ("small", 900)
    assert after.saves["usd"] == pytest.approx(900 * 1.5e-6)
    assert after.expected[0]["usd"] == pytest.approx(after.expected[1]["usd"])  # no cache is assumed
    rag.close()


def parent(child, schema, **options):
    builder = StateGraph(schema)
    builder.add_node("rag", child)
    builder.add_edge(START, "rag")
    builder.add_edge("rag", END)
    return builder.compile(checkpointer=InMemorySaver(), **options)


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize(
    ("schema", "inherits", "own", "expected"),
    [
        (MessagesState, False, None, "single"),  # the turn before is not known
        (RagState, True, None, "reuse"),
        (MessagesState, False, True, "reuse"),
        (MessagesState, True, None, "single"),
    ],
)
def test_in_a_parent_graph_the_channel_is_shared_or_the_subgraph_keeps_it(
    make, how, schema, inherits, own, expected
):
    rag = make(stages=stages("reuse", "single", router=taking("reuse")))
    child = rag.build_graph(inherits=inherits).compile(checkpointer=own)
    app = parent(child, schema)
    seen = []
    for question in (FIRST, SECOND, "And when was it opened?"):
        out = call(app, how, {"messages": [("user", question)]}, THREAD)
        seen.append(
            rag.decisions(out["messages"][-1].response_metadata["dynamicrag"]["query_id"])[0]["chosen"]
        )
    assert seen == ["single", expected, expected]
    assert len(out["messages"]) == 6


def test_single_nodes_share_the_channel_of_their_graph(make):
    rag = make(stages=stages("reuse", "single", router=taking("reuse")))
    builder = StateGraph(RagState)
    line = ["begin", "retrieval", "retriever", "context", "generator", "finish"]
    for name in line:
        rag.add_node(builder, f"my_{name}", stage=name)
    for one, other in pairwise(line):
        builder.add_edge(f"my_{one}", f"my_{other}")
    builder.add_edge(START, "my_begin")
    out = talk(builder.compile(checkpointer=InMemorySaver()), FIRST, SECOND)
    assert at("retrieval", out)["chosen"] == "reuse"
    assert searched(rag, out) == []


def test_a_step_up_skips_what_the_turn_has_no_means_for(make, ask):
    verification = {
        "options": ["accept", "escalate"],
        "verifiers": ["groundedness"],
        "router": {"thresholds": {"groundedness": 0.99}},
        "escalate": {"ungrounded": ["retriever"]},
        "max_escalations": 2,
    }
    rag = make(stages=stages("single", "extend", router=taking("single"), verification=verification))
    out = rag.build_graph().compile().invoke(ask(FIRST))
    assert out["rag"]["report"]["escalations"] == []  # extend would be the step up


def test_a_turn_may_abstain_on_reused_passages_before_anything_is_written(make):
    verification = {
        "options": ["accept", "abstain"],
        "verifiers": ["entity_coverage"],
        "router": {"thresholds": {"ungrounded": {"entity_coverage": 0.5}, "abstain": ["ungrounded"]}},
    }
    rag = make(stages=stages("reuse", "single", router=taking("reuse"), verification=verification))
    app = rag.build_graph().compile(checkpointer=InMemorySaver())
    talk(app, FIRST)
    calls = len(make.models["small"].calls)
    out = talk(app, "Does it cross the Danube near Bratislava?")
    assert out["rag"]["report"]["path"]["retrieval"] == "reuse"
    assert out["rag"]["report"]["abstained"]
    assert len(make.models["small"].calls) == calls

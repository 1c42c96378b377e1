"""What is granted to a query that asks: amounts, their limits, and what they would buy."""

import asyncio

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from dynamicrag import BudgetExceeded

from .asking import (
    ANSWER,
    DEAR,
    QUESTION,
    Thread,
    asking,
    both,
    calls,
    escalating,
    lines,
    request,
    thread,
)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("yes", "the answer 'yes' is not understood"),
        (0.01, "the answer 0.01 is not understood"),
        ([], "the answer [] is not understood"),
        ({"joules": 5}, "'joules' is not limited here; limited: usd"),
        ({"usd": 1, "money": 5}, "'money' is no dimension of cost; limited: usd"),
        ({"usd": 0}, "usd: 0 is no amount above 0"),
        ({"usd": -1}, "usd: -1 is no amount above 0"),
        ({"usd": True}, "usd: True is no amount above 0"),
        ({"usd": "1"}, "usd: '1' is no amount above 0"),
        ({"usd": float("nan")}, "usd: nan is no amount above 0"),
    ],
)
def test_an_answer_that_is_not_understood_is_asked_for_again(make, ask, answer, problem):
    chat = thread(asking(make, 0.0005))
    first = request(chat(ask(QUESTION)))
    again = chat.resume(answer)
    assert request(again) == {**first, "error": request(again)["error"]}
    assert problem in request(again)["error"]
    assert "valid: True for the cheapest offer, False for no more budget" in request(again)["error"]
    assert request(chat.resume("no"))["error"].startswith("the answer 'no'")
    out = chat.resume(True)
    assert out["messages"][-1].text == ANSWER
    assert calls(make) == {"small": 1}


def test_too_small_a_grant_is_asked_about_again_with_the_rest(make, ask):
    chat = thread(asking(make, 0.0005))
    chat(ask(QUESTION))
    asked = request(chat.resume({"usd": 0.0002}))
    assert asked["limits"] == {"usd": pytest.approx(0.0007)}
    assert asked["offers"][0]["extra"] == {"usd": 0.0003}
    out = chat.resume(True)
    assert out["messages"][-1].text == ANSWER
    assert [each["granted"] for each in out["rag"]["report"]["asked"]] == [{"usd": 0.0002}, {"usd": 0.0003}]
    assert out["rag"]["turn"]["granted"] == {"usd": pytest.approx(0.0005)}


def test_it_does_not_ask_without_end(make, ask):
    from dynamicrag.graph.node import MOST_ASKED

    chat = thread(asking(make, 0.0005))
    chat(ask(QUESTION))
    for _ in range(MOST_ASKED - 1):
        assert "__interrupt__" in chat.resume({"usd": 1e-6})
    with pytest.raises(BudgetExceeded):
        chat.resume({"usd": 1e-6})


def test_the_limit_of_a_call_is_asked_beyond_too(make, ask):
    rag = asking(make, 1.0)
    app = rag.build_graph().compile(checkpointer=InMemorySaver())
    chat = Thread(app, rag={"budget": {"usd": 0.0005}})
    asked = request(chat(ask(QUESTION)))
    assert asked["limits"] == {"usd": 0.0005}
    out = chat.resume(True)
    assert out["messages"][-1].text == ANSWER
    assert out["rag"]["report"]["cost"]["usd"]["value"] == pytest.approx(0.001)


def test_a_total_is_never_raised(make, ask):
    """The total has no room for the cheapest model, so there is nothing to offer."""
    chat = thread(asking(make, 1.0, budget={"total": {"usd": 0.0005}}))
    with pytest.raises(BudgetExceeded, match="no option fits"):
        chat(ask(QUESTION))
    chat = thread(asking(make, 0.0005, budget={"total": {"usd": 0.0009}}))
    with pytest.raises(BudgetExceeded):
        chat(ask(QUESTION))


def test_an_option_that_the_total_closes_is_not_offered(make, ask):
    rag = asking(make, 0.0005, budget={"total": {"usd": 0.0105}})
    chat = thread(rag)
    chat(ask(QUESTION))
    out = chat.resume({"usd": 5.0})
    assert calls(make) == {"small": 1}
    chat = thread(escalating(make, budget={"total": {"usd": 0.0105}}))
    out = chat(ask(QUESTION))
    assert "__interrupt__" not in out, "the step up does not fit the total, whoever grants it"
    assert out["rag"]["report"]["abstained"]


def test_a_soft_limit_asks_too_and_holds(make, ask):
    rag = make(
        models={
            name: {"model": each["model"], "profile": {"joules": each["profile"]["joules"]}}
            for name, each in DEAR.items()
        },
        objective={"budget": {"per_query": {"joules": 0.5}, "exhausted": "ask"}},
    )
    chat = thread(rag)
    out, granted = chat(ask(QUESTION)), 0.0
    for _ in range(4):  # opening the index costs some joules, once a process
        if "__interrupt__" not in out:
            break
        asked = request(out)
        assert list(asked["offers"][0]["extra"]) == ["joules"]
        assert asked["offers"][0]["sentence"].endswith("J more")
        granted += asked["offers"][0]["extra"]["joules"]
        out = chat.resume(True)
    assert out["messages"][-1].text == ANSWER
    assert granted
    assert out["rag"]["report"]["cost"]["joules"]["value"] <= 0.5 + granted


@pytest.mark.slow
def test_a_call_that_took_too_long_is_asked_about_and_begins_anew(make, ask):
    said = iter(["let me see WAIT", ANSWER])
    make.scripts["small"] = lambda kind, text: next(said)
    rag = make(
        stages={"generator": {"options": ["small"]}},
        objective={"budget": {"per_query": {"seconds": 2.0}, "exhausted": "ask"}},
    )
    chat = thread(rag)
    before = chat(ask(QUESTION))
    asked = request(before)
    assert asked["stage"] == "generator"
    assert 1 < asked["offers"][0]["extra"]["seconds"] < 5, "twice the time that it had"
    (line,) = [line for line in before["rag"]["account"] if line["label"] == "small"]
    assert line["failed"]
    out = chat.resume({"seconds": 5})
    assert out["messages"][-1].text == ANSWER
    assert calls(make) == {"small": 2}


def able(**abilities):
    models = {name: {**DEAR[name], "ability": ability} for name, ability in abilities.items()}
    return {**models, "helper": DEAR["helper"]}


def test_the_priors_estimates_say_what_more_would_buy(make, ask):
    models = able(small=0.3, medium=0.6, large=0.9)
    rag = make(
        models=models,
        objective={"budget": {"per_query": {"usd": 0.0005}, "exhausted": "ask"}},
        stages={"generator": {"options": ["small", "medium", "large"], "router": "prior"}},
    )
    chat = thread(rag)
    asked = request(chat(ask(QUESTION)))
    (offer,) = asked["offers"]
    assert asked["stage"] == "retrieval"
    assert offer["extra"] == {"usd": 0.0005}
    assert chat.resume({"usd": 0.00051})["messages"][-1].text == ANSWER


def test_a_step_up_says_how_much_likelier_right_it_is(make, ask):
    make.margins["small"] = 0.01
    models = able(small=0.3, medium=0.9, large=0.95)
    rag = make(
        models=models,
        objective={"budget": {"per_query": {"usd": 0.0015}, "exhausted": "ask"}},
        stages={
            "generator": {"options": ["small", "medium", "large"], "router": {"fixed": {"option": "small"}}},
            "verification": {
                "options": ["accept", "escalate"],
                "verifiers": ["token_margin"],
                "router": "prior",
                "escalate": {"unsure": "generator"},
                "max_escalations": 1,
            },
        },
    )
    chat = thread(rag)
    before = chat(ask(QUESTION))
    asked = request(before)
    (offer,) = asked["offers"]
    assert asked["answered"]
    assert offer["gain"] == pytest.approx(offer["quality"] - 0.5, abs=0.5)
    assert offer["sentence"] == f"{100 * offer['gain']:.0f} % likelier right for $0.0095 more"
    out = chat.resume(False)
    assert out["messages"][-1].text == ANSWER, "the draft that stands is the answer"
    assert lines(out) == lines(before)
    assert out["rag"]["report"]["bounded"] == "usd: refused more budget"
    made = rag.explain(out["rag"]["report"]["query_id"]).decisions[-1]
    assert (made["chosen"], made["asked"]) == (
        "accept",
        {"stage": "verification", "offers": [offer], "granted": None},
    )


@pytest.mark.slow
@both
def test_twenty_threads_share_a_total_that_grants_do_not_overspend(make, ask, how):
    rag = asking(make, 0.0005, budget={"total": {"usd": 0.0105}})
    app = rag.build_graph().compile(checkpointer=InMemorySaver())
    chats = [Thread(app, how, f"{number}") for number in range(20)]

    async def all_at_once(given):
        async def one(chat):
            try:
                if how == "sync":
                    return await asyncio.to_thread(chat.app.invoke, given, chat.config)
                return await chat.app.ainvoke(given, chat.config)
            except BudgetExceeded as error:
                return error

        return await asyncio.gather(*map(one, chats))

    asked = asyncio.run(all_at_once(ask(QUESTION)))
    assert all(request(out)["stage"] == "retrieval" for out in asked)
    assert rag.budget()["usd"]["set_aside"] == 0, "nobody holds a reservation while a person thinks"
    done = asyncio.run(all_at_once(Command(resume=True)))
    answered = [out for out in done if not isinstance(out, BudgetExceeded)]
    assert len(answered) == 10
    assert all(out["messages"][-1].text == ANSWER for out in answered)
    standing = rag.budget()["usd"]
    assert standing["spent"] == pytest.approx(0.01)
    assert (standing["set_aside"], standing["overspent"]) == (0, 0)

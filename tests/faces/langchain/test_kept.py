"""A task keeps its model unless another one outweighs the cache."""

import asyncio

import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from dynamicrag.cost.vector import Cost
from dynamicrag.faces.langchain.kept import Kept
from dynamicrag.faces.langchain.request import Request
from dynamicrag.faces.langchain.routed_call import Routing
from dynamicrag.routers.base import Choice, Router, StageContext
from dynamicrag.types import Option, Query, Usage
from tests.faces.langchain.scripted import ToolChat, calls, said
from tests.faces.langchain.test_middleware import ASKED, add, adds, agent_of, two

HUMAN = [HumanMessage("?")]


class Last(Router):
    """Chooses the last open option."""

    registered = "last"

    async def choose(self, context):
        return Choice(max(i for i, is_open in enumerate(context.allowed) if is_open), "last")


def choose(usd, quality=(0.8, 0.9), allowed=(True, True), model="small"):
    router = Kept(model, dict(zip(("small", "large"), quality, strict=False)), Last(), {"usd": 10.0})
    context = StageContext(
        stage="generator",
        query=Query("q", "?"),
        options=[Option("small"), Option("large")],
        allowed=list(allowed),
        expected=[Cost({("usd", "estimated"): each}) for each in usd],
        left={},
        features={},
        path={},
    )
    return asyncio.run(router.choose(context)), router.registered


def test_it_is_kept_while_its_score_is_the_best():
    choice, by = choose([0.001, 0.02])
    assert (choice.index, by, choice.reason) == (0, "kept", "continues with small")


def test_another_one_takes_over_if_its_score_is_higher():
    choice, _ = choose([0.001, 0.002])
    assert choice.index == 1
    assert choice.reason == "large now outweighs the cache of small"


def test_without_estimates_it_is_kept():
    assert choose([1.0, 0.0], [None, None])[0].index == 0


def test_options_that_came_after_a_pause_have_no_estimate():
    choice, _ = choose([0.0, 0.0], [0.8])
    assert (choice.index, choice.quality) == (0, [0.8, None])


def test_a_task_continues_under_a_policy_with_another_model(make):
    saver, config = InMemorySaver(), {"configurable": {"thread_id": "1"}}
    models = two()
    agent_of(make(models), models, checkpointer=saver, interrupt_before=["tools"]).invoke(ASKED, config)
    models = {"gpt-4.1-nano": ToolChat(named="gpt-4.1-nano", script=adds), **two()}
    out = agent_of(make(models), models, checkpointer=saver, interrupt_before=["tools"]).invoke(None, config)
    first, second = [each for each in out["rag"]["decisions"] if each["stage"] == "generator"]
    assert first["chosen"] == second["chosen"]
    assert second["quality"] == [None, *first["quality"]]


def test_a_tie_keeps_it():
    assert choose([0.0, 0.01], [0.8, 0.9], model="large")[0].index == 1
    assert choose([0.0, 0.01], [0.8, 0.9], model="small")[0].index == 0


def test_if_it_is_closed_the_policys_router_chooses():
    choice, by = choose([0.001, 0.02], allowed=(False, True))
    assert (choice.index, by) == (1, "last")


def plan_of(rag, name, tokens, *usages):
    """Return the plan of a call of so many tokens, after calls of the same model."""
    routing = Routing(rag)
    choosing = routing._choosing[""]
    task = routing.task(HUMAN)
    lines = []
    for read, wrote, cached in usages:
        with rag.pipeline.ledger.span("q", "generator", name) as line:
            line.usage = Usage(calls=1, input_tokens=read, output_tokens=wrote, cached_tokens=cached)
        lines.append(line)
    request = Request(messages=[*HUMAN, said("x" * 4 * tokens)])
    return asyncio.run(choosing._plan(name, request, task.run, lines))


@pytest.mark.parametrize(
    ("usages", "cached"),
    [
        ([], 0),  # a first call
        ([(500, 10, 0)], 0),  # shorter than providers cache
        ([(2000, 100, 0)], 2100),  # expected, before anything is known
        ([(2000, 100, 0), (2200, 100, 0)], 0),  # this provider does not cache
        ([(2000, 100, 0), (2200, 100, 1050)], 1150),  # half of it was found
        ([(9000, 100, 0)], 0),  # the history was rewritten
    ],
)
def test_the_cached_part_follows_from_the_calls_so_far(make, usages, cached):
    rag = make(two())
    assert plan_of(rag, "gpt-4o", 3000, *usages).cached_tokens == pytest.approx(cached)


@pytest.mark.parametrize("router", [{"random": {"seed": seed}} for seed in range(4)])
def test_a_router_that_draws_does_not_flip_within_a_task(make, router):
    turns = []

    def script(messages, kwargs):
        del messages, kwargs
        turns.append(1)
        return said("done") if len(turns) % 8 == 0 else calls(("add", {"a": 1, "b": 2}))

    models = two(script)
    rag = make(models, stages={"retrieval": {"options": ["none"]}, "generator": {"router": router}})
    out = agent_of(rag, models, (add,)).invoke(ASKED, {"recursion_limit": 50})
    made = out["rag"]["decisions"]
    assert len(made) == 8
    assert len({each["chosen"] for each in made}) == 1
    assert [each["router"] for each in made] == ["random"] + ["kept"] * 7

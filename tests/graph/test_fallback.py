"""Models that fail, and what is asked instead; over real HTTP."""

import asyncio
import time

import pytest
from langchain_core.messages import HumanMessage

from dynamicrag import BudgetExceeded, DynamicRAG, ProviderError
from dynamicrag.cost.budget import Budget
from dynamicrag.stages.base import Run
from dynamicrag.stages.call import call
from dynamicrag.testing.server import Refusal, ScriptedServer, delta, said

QUESTION = {"messages": [("user", "Who opened the Alder Bridge?")]}
GOOD = said("Mara Quill")
HALF = [delta("It was "), delta("opened by")]


class Bench:
    """A policy whose models answer as scripted, by name."""

    def __init__(self, docs):
        self.docs = docs
        self.scripts = {}
        self.server = ScriptedServer(lambda body: self.scripts[body["model"]](body))

    def rag(self, *names, stages=None, specs=None, **more):
        params = {"base_url": self.server.url, "api_key": "none"}
        models = {
            name: {"model": (specs or {}).get(name, f"openai:{name}"), "params": params} for name in names
        }
        options = [name for name in names if name != "helper"]
        return DynamicRAG.from_policy({
            "version": 1,
            "corpora": {"docs": {"path": str(self.docs)}},
            "models": models,
            "host": {"meter": "none"},
            "runs": {"keep": 0},
            "stages": {
                "retrieval": {"options": ["none"]},
                "generator": {"options": options, "router": {"fixed": {"option": options[0]}}},
                **(stages or {}),
            },
            **more,
        })  # fmt: skip

    def asked(self, name):
        return sum(body["model"] == name for body in self.server.requests)


@pytest.fixture
def bench(docs, tmp_path, monkeypatch):
    monkeypatch.setenv("DYNAMICRAG_CACHE", str(tmp_path))
    made = Bench(docs)
    yield made
    made.server.close()


def refuse(status, message="no", **headers):
    def script(body):
        raise Refusal(status, {"error": {"message": message}}, **headers)

    return script


def ask(rag, question=QUESTION):
    return rag.build_graph().compile().invoke(question)


def generator(out):
    return [decision for decision in out["rag"]["decisions"] if decision["stage"] == "generator"]


NO_ANSWER = {
    "empty": ([delta("")], "the answer is empty"),
    "a label": (said("Answer: **"), "only marks or a label"),
    "blank": ([delta(" \n"), delta(finish="stop")], "the answer is empty"),
    "cut": ([*HALF, delta(finish="length")], "its limit cut the answer"),
    "filtered": ([*HALF, delta(finish="content_filter")], "withheld the answer"),
    "without an end": (HALF, "without a finish_reason"),
    "thoughts": ([delta("<think>hm"), delta(finish="length")], "used its limit up"),
    "null choices": ([{**delta(), "choices": None}], "the answer is empty"),
    "an error": ([*HALF, 'data: {"error": {"message": "overloaded"}}'], "overloaded"),
    "a tool": ([delta("Let me see"), delta(finish="tool_calls")], "broke off"),
}


@pytest.mark.parametrize("kind", NO_ANSWER)
def test_what_is_no_answer_is_withdrawn_and_the_next_model_is_asked(bench, kind):
    rows, why = NO_ANSWER[kind]
    bench.scripts = {"small": lambda body: rows, "large": lambda body: GOOD}
    app = bench.rag("small", "large").build_graph().compile()
    shown, events, out = {}, [], {}
    for mode, data in app.stream(QUESTION, stream_mode=["messages", "custom", "values"]):
        if mode == "messages" and data[0].text:
            shown[data[0].id] = shown.get(data[0].id, "") + data[0].text
        elif mode == "custom":
            events.append(data)
        elif mode == "values":
            out = data
    message = out["messages"][-1]
    assert message.text == "Mara Quill"
    assert [decision["chosen"] for decision in generator(out)] == ["small", "large"]
    assert why in generator(out)[-1]["reason"]
    withdrawn = {event["message_id"] for event in events if event["type"] == "withdrawn"}
    assert shown.keys() - withdrawn == {message.id}
    assert "think" not in "".join(shown.values())


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_a_server_that_is_down_is_left_alone(bench, status):
    bench.scripts = {"small": refuse(status), "large": lambda body: GOOD}
    rag = bench.rag("small", "large")
    outs = [ask(rag) for _ in range(5)]
    assert [out["messages"][-1].text for out in outs] == ["Mara Quill"] * 5
    assert bench.asked("small") == 1
    assert "left alone for another" in generator(outs[-1])[-1]["reason"]


def test_it_is_asked_again_after_its_cooldown(bench):
    scripts = iter([refuse(429, Retry_After=60)])
    bench.scripts = {
        "small": lambda body: next(scripts, lambda body: said("Quill"))(body),
        "large": lambda body: GOOD,
    }
    rag = bench.rag("small", "large")
    assert ask(rag)["messages"][-1].text == "Mara Quill"
    assert ask(rag)["messages"][-1].text == "Mara Quill"
    rag.pipeline.models["small"].outage._clock = lambda: time.monotonic() + 61
    assert ask(rag)["messages"][-1].text == "Quill"
    assert bench.asked("small") == 2


def test_a_call_that_the_budget_refuses_does_not_prolong_a_cooldown(bench):
    scripts = iter([refuse(429, Retry_After=60)])
    bench.scripts = {
        "small": lambda body: next(scripts, lambda body: said("Quill"))(body),
        "large": lambda body: GOOD,
    }
    rag = bench.rag("small", "large")
    assert ask(rag)["messages"][-1].text == "Mara Quill"
    pipeline, model = rag.pipeline, rag.pipeline.models["small"]
    model.outage._clock = lambda: time.monotonic() + 61
    poor = Run(pipeline.ledger, Budget({"tokens": 1}), pipeline.cost_model, None, lambda _: None)
    with pytest.raises(BudgetExceeded):
        asyncio.run(call(poor, "q", "generator", model, [HumanMessage("Who?")], max_tokens=5))
    assert ask(rag)["messages"][-1].text == "Quill"


def test_a_bad_question_does_not_keep_a_model_out(bench):
    bench.scripts = {"small": refuse(400, "maximum context length"), "large": lambda body: GOOD}
    rag = bench.rag("small", "large")
    ask(rag)
    ask(rag)
    assert bench.asked("small") == 2


def test_a_missing_package_falls_back(bench):
    bench.scripts = {"large": lambda body: GOOD}
    out = ask(bench.rag("small", "large", specs={"small": "mistralai:nowhere"}))
    assert out["messages"][-1].text == "Mara Quill"
    assert "pip install langchain-mistralai" in generator(out)[-1]["reason"]


def test_a_timeout_falls_back(bench):
    def slow(body):
        time.sleep(2)
        return GOOD

    bench.scripts = {"small": slow, "large": lambda body: GOOD}
    rag = bench.rag("small", "large")
    rag.pipeline.models["small"]._params["timeout"] = 0.2
    out = ask(rag)
    assert out["messages"][-1].text == "Mara Quill"
    assert "no answer in time" in generator(out)[-1]["reason"]


@pytest.mark.slow
def test_without_another_model_the_provider_is_obeyed(bench):
    scripts = iter([refuse(429, Retry_After=1)])
    bench.scripts = {"small": lambda body: next(scripts, lambda body: GOOD)(body)}
    began = time.monotonic()
    assert ask(bench.rag("small"))["messages"][-1].text == "Mara Quill"
    assert 1.0 <= time.monotonic() - began < 30.0
    assert bench.asked("small") == 2


def test_nobody_waits_for_an_hour(bench):
    bench.scripts = {"small": refuse(429, Retry_After=3600)}
    with pytest.raises(ProviderError, match="rate limit"):
        ask(bench.rag("small"))
    assert bench.asked("small") == 1


@pytest.mark.slow
def test_without_another_model_a_server_that_is_down_is_asked_a_few_times(bench):
    bench.scripts = {"small": refuse(503, "out of service")}
    rag = bench.rag("small")
    rag.pipeline.models["small"].max_retries = 1
    with pytest.raises(ProviderError, match="out of service"):
        ask(rag)
    assert bench.asked("small") == 2
    with pytest.raises(ProviderError, match="out of service"):  # not: it is left alone
        ask(rag)


def test_a_cut_answer_stands_marked_where_no_model_finishes(bench):
    cut = [*HALF, delta(finish="length")]
    bench.scripts = {"small": lambda body: cut, "large": refuse(503)}
    out = ask(bench.rag("small", "large"))
    assert out["messages"][-1].text == "It was opened by …"
    assert out["rag"]["report"]["unfinished"] == "length"
    assert out["rag"]["report"]["path"]["generator"] == "small"
    assert [decision["chosen"] for decision in generator(out)] == ["small", "large", "small"]
    assert "no model finished" in generator(out)[-1]["reason"]
    bench.scripts["large"] = lambda body: [delta("Mara"), delta(finish="length")]
    assert ask(bench.rag("small", "large"))["messages"][-1].text == "Mara …"
    assert ask(bench.rag("small"))["messages"][-1].text == "It was opened by …"


def test_a_server_that_gives_no_reasons_but_says_that_it_is_done_is_believed(bench):
    bench.scripts = {"small": lambda body: [delta("Mara "), delta("Quill"), "data: [DONE]"]}
    out = ask(bench.rag("small", "large"))
    assert out["messages"][-1].text == "Mara Quill"
    assert out["rag"]["report"]["unfinished"] == ""


def test_a_server_that_gives_no_reasons_is_believed_where_it_is_the_only_one(bench):
    bench.scripts = {"small": lambda body: [delta("Mara "), delta("Quill")]}
    out = ask(bench.rag("small"))
    assert out["messages"][-1].text == "Mara Quill"
    assert out["rag"]["report"]["unfinished"] == "unknown"


@pytest.mark.parametrize("kind", ["empty", "filtered", "thoughts", "a tool"])
def test_without_another_model_no_answer_is_an_error_that_says_so(bench, kind):
    rows, why = NO_ANSWER[kind]
    bench.scripts = {"small": lambda body: rows}
    with pytest.raises(ProviderError, match=f"model small .*{why}"):
        ask(bench.rag("small"))


def test_a_helper_that_is_down_is_left_alone_too(bench):
    bench.scripts = {"small": lambda body: GOOD, "helper": refuse(401, "invalid api key")}
    rag = bench.rag("small", "helper", helper="helper")
    talk = [
        ("user", "Who built the Alder Bridge?"),
        ("assistant", "Tom Reed"),
        ("user", "And who opened it?"),
    ]
    for _ in range(3):
        assert ask(rag, {"messages": talk})["messages"][-1].text == "Mara Quill"
    assert bench.asked("helper") <= 1

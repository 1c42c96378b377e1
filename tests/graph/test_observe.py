"""A fixed pipeline of the user's: run unchanged, and what is seen of it kept."""

import pytest
from langchain_core.prompts import ChatPromptTemplate

from dynamicrag import DynamicRAG, PolicyError
from dynamicrag.cost.runs import Runs
from dynamicrag.graph.observe import SIGNALS, observing
from dynamicrag.testing import FakeRetriever
from tests.retrieval.foreign import made, make_store

from .conftest import call

QUESTION = "Which bridges are there?"
STORE = {"langchain": {"path": "tests.retrieval.foreign:make_store", "args": {"k": 3}}}
PROMPT = ChatPromptTemplate([("system", "Use only this:\n{context}"), ("human", "{question}")])
OFF = {"host": {"meter": "none"}}


@pytest.fixture
def observe(make, monkeypatch, tmp_path):
    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path / "data"))
    make.scripts["model"] = lambda kind, text: " **Steel**, stone and rope. \n"

    def observed(**given):
        given = {"retriever": STORE, "model": "fake:model", "k": 2, "prompt": PROMPT, **OFF, **given}
        make.made.append(DynamicRAG.observe(given.pop("retriever"), given.pop("model"), **given))
        return make.made[-1]

    return observed


@pytest.mark.parametrize("how", ["sync", "async"])
def test_prompt_and_answer_are_the_user_s(make, observe, how):
    out = call(observe().build_graph().compile(), how, {"messages": [("user", QUESTION)]})
    ((_, prompt),) = make.models["model"].calls
    texts = [document.page_content for document in make_store(3).invoke(QUESTION)]
    assert [m.text for m in prompt] == ["Use only this:\n" + "\n\n".join(texts[:2]), QUESTION]
    assert out["messages"][-1].text == "**Steel**, stone and rope. \n"
    assert not out["rag"]["report"]["abstained"]


def test_what_our_rules_would_withhold_or_ask_again_stands(make, observe):
    make.scripts["model"] = lambda kind, text: "unanswerable"
    out = call(observe().build_graph().compile(), "sync", {"messages": [("user", QUESTION)]})
    assert out["messages"][-1].text == "unanswerable"
    assert len(make.models["model"].calls) == 1


def test_a_follow_up_is_searched_and_asked_as_it_is_written(make, observe):
    before = [("user", "When was the steel bridge opened?"), ("assistant", "In 1931.")]
    app = observe().build_graph().compile()
    out = app.invoke({"messages": [*before, ("user", "And how long is it?")]})
    assert out["rag"]["turn"]["text"] == "And how long is it?"
    assert "follow_up" not in out["rag"]["turn"]
    assert make.models["model"].calls[-1][1][-1].text == "And how long is it?"


def test_no_temperature_of_ours_is_sent(make, observe):
    observe()
    assert not make.models["model"]._manners.sent.sends("temperature")
    observe(model={"model": "fake:model", "params": {"temperature": 0.7}})
    assert make.models["model"]._manners.sent.sends("temperature")  # the user's own
    make()
    assert make.models["small"]._manners.sent.sends("temperature")


def test_account_features_and_signals_are_kept(observe):
    rag = observe()
    report = rag.build_graph().compile().invoke({"messages": [("user", QUESTION)]})["rag"]["report"]
    assert rag.flush()
    (kept,) = Runs().turns(policy="observed")
    assert kept["id"] == report["query_id"]
    assert kept["path"]["context"] == "theirs"
    assert {"unanswerable", "groundedness", "token_margin"} <= set(kept["signals"])
    assert {"words", "passages"} <= set(kept["features"])
    assert kept["tokens"]["output"] > 0
    assert "question" not in kept


def test_the_signals_cost_no_call_and_no_model():
    from dynamicrag.verify.base import VERIFIERS

    built = [VERIFIERS.build(name, "here") for name in SIGNALS]
    assert all(verifier.computes and not verifier.asks() for verifier in built)


def test_our_own_prompt_and_retriever_by_default(make, observe):
    rag = observe(retriever="bm25", prompt=None, corpus=make.docs)
    out = (
        rag.build_graph().compile().invoke({"messages": [("user", "When was the bridge of town03 opened?")]})
    )
    assert out["rag"]["report"]["passages"][0] == "town03.md#0"
    assert "in one to three sentences" in make.models["model"].calls[-1][1][0].text


def test_a_policy_that_decides_anything_does_not_observe(make):
    with pytest.raises(
        PolicyError, match=r"observe: .*stages.generator has the options small, medium, large"
    ):
        make(observe=True)
    stages = {"generator": {"options": ["small"]}, "verification": {"options": ["abstain"]}}
    with pytest.raises(
        PolicyError, match=r"observe: .*stages.verification has .* abstain; valid: accept alone"
    ):
        make(observe=True, stages=stages)


class TestObjects:
    """What is given as an object is handed to ``from_policy`` by its name."""

    def test_objects_go_by_names_of_the_policy(self):
        model = object()
        policy, objects = observing(made, model, prompt=PROMPT)
        assert objects == {
            "retrievers": {"retriever": made},
            "models": {"model": model},
            "prompts": {"prompt": PROMPT},
        }
        assert policy["stages"]["retriever"]["options"] == ["retriever"]
        assert policy["stages"]["prompt"]["options"] == ["prompt"]
        assert set(policy["models"]) == {"model"}

    @pytest.mark.parametrize("k", [2, 3])
    def test_the_retriever_s_own_number_is_kept(self, k):
        policy, _ = observing(make_store(k), "fake:model")
        assert policy["stages"]["context"]["options"] == {"theirs": {"chunks": k}}

    def test_one_that_names_none_needs_it(self):
        with pytest.raises(PolicyError, match=r"the number of passages of a FakeRetriever is unknown.*k=4"):
            observing(FakeRetriever(["a"]), "fake:model")

    @pytest.mark.parametrize("given", [None, object(), 7])
    def test_what_is_no_retriever_is_told_first(self, given):
        with pytest.raises(PolicyError, match="retriever: expected"):
            observing(given, "fake:model")

    @pytest.mark.parametrize("k", [0, -1, True, 2.5, "4"])
    def test_a_number_of_none_is_refused(self, k):
        with pytest.raises(PolicyError, match=r"observe: k is .*1 or more"):
            observing(FakeRetriever(["a"]), "fake:model", k=k)

    def test_sections_of_its_own_are_not_overwritten(self):
        with pytest.raises(PolicyError, match="'stages' is set by observe itself"):
            observing(made, "fake:model", sections={"stages": {}})


def test_a_prompt_of_one_s_own_for_a_name_that_is_not_there(make):
    with pytest.raises(
        PolicyError, match="prompts: unknown prompt of the policy 'drect'; did you mean 'direct'"
    ):
        DynamicRAG.from_policy(
            {"version": 1, "models": {"m": {"model": "fake:m"}}}, prompts={"drect": "{question}"}
        )

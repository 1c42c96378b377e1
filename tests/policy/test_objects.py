"""The user's own objects in the place of what a policy says."""

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.vectorstores import InMemoryVectorStore
from llama_index.core import Document as LlamaDocument
from llama_index.core import VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms import MockLLM

from dynamicrag import Choice, DynamicRAG, PolicyError, Router, Signal, Verifier
from dynamicrag.testing import FakeEmbedder, FakeRetriever, ScriptedChat, ScriptedModel

QUESTION = {"messages": [("user", "When did the bridge open?")]}
PLAIN = {"version": 1, "host": {"meter": "none"}, "runs": {"keep": 0}}
NAMED = {**PLAIN, "models": {"small": {"model": "openai:gpt-4o-mini"}, "large": {"model": "openai:gpt-4o"}}}
TEXT = "The bridge opened in 1871."


def says(text):
    return ScriptedChat(script=lambda kind, prompt: text)


@pytest.fixture
def make(tmp_path, monkeypatch):
    monkeypatch.setenv("DYNAMICRAG_CACHE", str(tmp_path / "cache"))
    made = []

    def go(policy=PLAIN, corpus=None, **objects):
        made.append(DynamicRAG.from_policy(policy, corpus, **objects))
        return made[-1]

    yield go
    for rag in made:
        rag.close()


def ask(rag):
    return rag.build_graph().compile().invoke(QUESTION)


def store():
    found = InMemoryVectorStore(DeterministicFakeEmbedding(size=16))
    found.add_documents([Document(TEXT, id="a"), Document("The inn serves soup.", id="b")])
    return found


@pytest.mark.parametrize("how", ["store", "retriever"])
def test_a_chat_model_and_a_vector_store_need_no_policy(make, how):
    chat, kb = says("In 1871."), store()
    state = ask(make(models={"m": chat}, retrievers={"kb": kb if how == "store" else kb.as_retriever()}))
    assert state["messages"][-1].text == "In 1871."
    assert state["rag"]["turn"]["path"]["retriever"] == "kb"
    assert state["rag"]["turn"]["path"]["generator"] == "m"
    assert TEXT in chat.calls[-1].messages[-1].text


def test_nothing_but_objects_at_all(tmp_path, monkeypatch):
    monkeypatch.setenv("DYNAMICRAG_CACHE", str(tmp_path))
    rag = DynamicRAG.from_policy(models={"m": says("In 1871.")}, retrievers={"kb": FakeRetriever([TEXT])})
    assert rag.pipeline.policy.models.keys() == {"m"}
    rag.close()


@pytest.mark.parametrize("how", ["index", "retriever"])
def test_llama_index_objects_alike(make, how):
    index = VectorStoreIndex.from_documents(
        [LlamaDocument(text=TEXT)], embed_model=MockEmbedding(embed_dim=8)
    )
    kb = index if how == "index" else index.as_retriever()
    state = ask(make(models={"m": MockLLM(max_tokens=4)}, retrievers={"kb": kb}))
    assert state["rag"]["turn"]["passages"][0]["text"] == TEXT
    assert state["messages"][-1].text  # the mock repeats what it was asked


def test_objects_stand_in_the_place_of_specs_and_prices_stay(make):
    prices = {"usd": {"input": 1.0e-6, "output": 2.0e-6}}
    models = {"small": {"model": "openai:gpt-4o-mini", "profile": prices, "params": {"api_key": "x"}}}
    policy = {
        **PLAIN,
        "models": {**models, "large": {"model": "openai:gpt-4o"}},
        "stages": {"generator": {"router": {"fixed": {"option": "small"}}}},
    }
    chat = says("In 1871.")
    rag = make(policy, models={"small": chat}, retrievers={"kb": FakeRetriever([TEXT])})
    assert rag.pipeline.models["large"].spec == "openai:gpt-4o"
    state = ask(rag)
    assert state["messages"][-1].text == "In 1871."
    read = 10 * len(chat.calls[-1].messages)
    assert rag.cost(state["rag"]["report"]["query_id"], 0).known("usd") == pytest.approx(
        read * 1e-6 + 2 * 2e-6
    )


def test_a_model_of_yaml_may_have_its_prices_alone(make):
    policy = {
        **PLAIN,
        "models": {"m": {"profile": {"usd": {"input": 0, "output": 0}}, "params": {"context": 900}}},
    }
    policy["objective"] = {"budget": {"per_query": {"usd": 0.01}}}
    rag = make(policy, models={"m": says("x")}, retrievers={"kb": FakeRetriever([TEXT])})
    assert rag.pipeline.models["m"].context == 900


def test_where_a_model_computes_can_be_said(make):
    given = {"models": {"m": says("x")}, "retrievers": {"kb": FakeRetriever([TEXT])}}
    assert make(**given).pipeline.models["m"].runs == "remote"
    policy = {**PLAIN, "models": {"m": {"runs": "in_process"}}}
    assert make(policy, **given).pipeline.profiles["m"].runs == "in_process"


def test_an_unknown_price_is_not_nothing_and_says_how_to_give_it(make):
    given = {"models": {"m": says("x")}, "retrievers": {"kb": FakeRetriever([TEXT])}}
    rag = make(**given)
    state = ask(rag)
    assert rag.cost(state["rag"]["report"]["query_id"], 0).known("usd") is None
    limited = {**PLAIN, "objective": {"budget": {"total": {"usd": 1}}}}
    with pytest.raises(PolicyError, match=r"no price is known of model 'm' \(scripted.*m\.profile\.usd"):
        make(limited, **given)


def test_a_model_that_reports_no_usage_is_booked_at_its_worst(make):
    silent = ScriptedChat(script=lambda kind, prompt: "In 1871.", reports=False)
    rag = make(models={"m": silent}, retrievers={"kb": FakeRetriever([TEXT])})
    state = ask(rag)
    (line,) = [each for each in rag.account(state["rag"]["report"]["query_id"]).lines if each.label == "m"]
    assert line.usage.assumed
    assert line.usage.input_tokens > 100  # a token a byte of the prompt
    assert line.usage.output_tokens > 2  # as many as were asked for


def test_one_object_may_stand_for_two_names(make):
    chat = ScriptedModel("mine", "fake:x", lambda kind, prompt: "In 1871.")
    policy = {**NAMED, "stages": {"generator": {"router": {"fixed": {"option": "large"}}}}}
    rag = make(policy, models={"small": chat, "large": chat}, retrievers={"kb": FakeRetriever([TEXT])})
    assert [model.name for model in rag.pipeline.models.values()] == ["small", "large"]
    assert chat.name == "mine"
    assert ask(rag)["messages"][-1].text == "In 1871."


def test_given_models_are_the_models_weakest_first(make):
    policy = {**PLAIN, "stages": {"generator": {"router": {"fixed": {"option": "b"}}}}}
    rag = make(policy, models={"a": says("a"), "b": says("b")}, retrievers={"kb": FakeRetriever([TEXT])})
    assert [option.name for option in rag.pipeline.stages["generator"].options] == ["a", "b"]
    assert ask(rag)["messages"][-1].text == "b"


class Last(Router):
    async def choose(self, context):
        return Choice(context.nearest(len(context.options) - 1), "the last")


class Brevity(Verifier):
    gives = (Signal("brevity"),)
    computes = True

    async def verify(self, evidence):
        return {"brevity": 1 / (1 + len(evidence.answer.split()))}


def test_a_router_and_a_verifier_by_the_names_of_the_policy(make):
    policy = {
        **NAMED,
        "stages": {
            "generator": {"router": "mine"},
            "verification": {
                "options": ["accept", "abstain"],
                "verifiers": ["short"],
                "router": {"thresholds": {"unsure": {"brevity": 0.1}}},
            },
        },
    }
    given = {name: says(name) for name in ("small", "large")}
    own = {"routers": {"mine": Last()}, "verifiers": {"short": Brevity()}}
    rag = make(policy, models=given, retrievers={"kb": FakeRetriever([TEXT])}, **own)
    state = ask(rag)
    assert state["messages"][-1].text == "large"
    assert state["rag"]["turn"]["signals"]["brevity"] == 0.5
    by_stage = {decision["stage"]: decision["router"] for decision in state["rag"]["decisions"]}
    assert by_stage["generator"] == "mine"


def test_one_router_under_two_names_is_recorded_under_each(make):
    stages = {
        "generator": {"router": "here"},
        "context": {"options": {"a": {"chunks": 1}, "b": {"chunks": 2}}, "router": "there"},
    }
    given = {name: says(name) for name in ("small", "large")}
    router = Last()
    for names in (("here", "there"), ("there", "here")):
        rag = make(
            {**NAMED, "stages": stages},
            models=given,
            retrievers={"kb": FakeRetriever([TEXT])},
            routers=dict.fromkeys(names, router),
        )
        state = ask(rag)
        by_stage = {decision["stage"]: decision["router"] for decision in state["rag"]["decisions"]}
        assert (by_stage["context"], by_stage["generator"]) == ("there", "here")


def test_a_router_that_cannot_explain_leaves_the_rest_of_an_explanation(make):
    class Silent(Last):
        def explain(self, decision, question, path):
            raise KeyError("boom")

    rag = make(
        {**NAMED, "stages": {"generator": {"router": "mine"}}},
        models={name: says(name) for name in ("small", "large")},
        retrievers={"kb": FakeRetriever([TEXT])},
        routers={"mine": Silent()},
    )
    query = ask(rag)["rag"]["report"]["query_id"]
    assert rag.explain(query, "When did the bridge open?").path["generator"] == "large"


def test_an_embedder_for_corpora_routers_and_verifiers(make, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text(f"# Bridge\n\n{TEXT}\n")
    policy = {
        **PLAIN,
        "corpora": {"docs": {"path": "x"}},
        "stages": {"retriever": {"options": {"dense": "chroma"}}},
    }
    embedder = FakeEmbedder()
    rag = make(policy, tmp_path / "docs", models={"m": says("In 1871.")}, embedder=embedder)
    assert ask(rag)["rag"]["turn"]["passages"][0]["text"].endswith(TEXT)
    assert rag.pipeline.embedder is embedder
    assert QUESTION["messages"][0][1] in embedder.asked


WRONG = [
    ({"models": {"smal": says("x")}}, r"^models: unknown model of the policy 'smal'; did you mean 'small'"),
    (
        {"models": {"small": "openai:gpt-4o"}},
        r"^models\['small'\]: expected a LangChain.*a str 'openai",
    ),
    ({"models": {"small": ScriptedChat}}, r"got the class ScriptedChat; make an object of it"),
    ({"models": {"small": says("x").bind(stop=["x"])}}, r"got a \w*Binding; pass the model itself"),
    ({"models": {"small": None}}, r"^models\['small'\]: expected .* got a NoneType"),
    ({"models": [says("x")]}, r"^models: expected objects by name, models=\{'name': object\}, got a list"),
    (
        {"retrievers": {"kb": FakeRetriever([TEXT])}},
        r"^retrievers: unknown retriever.*'kb'.*lexical",
    ),
    (
        {"retrievers": {"lexical": says("x")}},
        r"^retrievers\['lexical'\]: expected a LangChain ret",
    ),
    ({"embedder": "all-minilm"}, r"^embedder: expected LangChain Embeddings.*got a str 'all-minilm'"),
    ({"embedder": store()}, r"^embedder: expected .* got a InMemoryVectorStore"),
    ({"routers": {"mine": Last}}, r"^routers\['mine'\]: expected a dynamicrag\.Router, got the class Last"),
    (
        {"routers": {"mine": Last()}},
        r"^routers\['mine'\]: the policy does not have .* stages\.STAGE",
    ),
    ({"verifiers": {"x": Last()}}, r"^verifiers\['x'\]: expected a dynamicrag\.Verifier, got a Last"),
    ({"verifiers": {"x": Brevity()}}, r"^verifiers\['x'\]: the policy does not have this name"),
]


@pytest.mark.parametrize(("objects", "message"), WRONG, ids=[message[:40] for _, message in WRONG])
def test_what_does_not_fit_is_refused(make, tmp_path, objects, message):
    stages = {"generator": {"options": ["small"]}, "retriever": {"options": {"lexical": "bm25"}}}
    policy = {**NAMED, "corpora": {"docs": {"path": str(tmp_path)}}, "stages": stages}
    with pytest.raises(PolicyError, match=message):
        make(policy, **objects)


@pytest.mark.parametrize(
    ("policy", "objects", "message"),
    [
        (PLAIN, {}, r"models: is missing; name one, or give from_policy objects"),
        ({**PLAIN, "models": {"m": {}}}, {}, r"models\.m: has neither 'model' nor an object"),
        (
            {**PLAIN, "models": {"m": {"params": {"base_url": "http://x"}}}},
            {"models": {"m": says("x")}},
            r"models\.m\.params: unknown parameter of an object 'base_url'; valid: context, max_retries",
        ),
        (PLAIN, {"models": {"a": says("a"), "b": says("b")}}, r"stages\.generator\.router: is missing"),
        (
            {**PLAIN, "models": {"m": {"model": "local:smollm2-135m-instruct", "runs": "remote"}}},
            {},
            r"models\.m\.runs: .* runs in this process; remove this",
        ),
    ],
)
def test_what_is_left_open_is_an_error(make, policy, objects, message):
    with pytest.raises(PolicyError, match=message):
        make(policy, retrievers={"kb": FakeRetriever([TEXT])}, **objects)

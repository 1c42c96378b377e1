"""The retrieval side of a policy as a LangChain retriever."""

import asyncio

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph

from dynamicrag import InputError
from dynamicrag.cost.runs import Runs
from dynamicrag.lab.report.records import load
from dynamicrag.text.withheld import ABSTAINED

FIRST = "When was the bridge of town03 opened?"
GATE = {"retrieval": {"options": ["none", "single"], "router": {"fixed": {"option": "none"}}}}
ROUTED = {
    "retriever": {"options": {"lexical": "bm25", "other": "bm25"}, "router": {"fixed": {"option": "other"}}},
    "rewrite": {"options": ["none", "multi_query"], "router": {"fixed": {"option": "multi_query"}}},
}


async def found(made, how, *given, **more):
    return made.invoke(*given, **more) if how == "sync" else await made.ainvoke(*given, **more)


def ids(documents):
    return [document.id for document in documents]


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_it_returns_the_passages_of_the_context(make, how):
    rag = make()
    documents = await found(rag.as_retriever(), how, FIRST)
    assert ids(documents) == ["town03.md#0", "town00.md#0"]
    assert "opened in 1813" in documents[0].page_content
    about = documents[0].metadata
    assert about["title"] == "About town03"
    assert (about["document"], about["corpus"], about["retriever"]) == ("town03.md", "docs", "lexical")
    assert about["score"] > documents[1].metadata["score"]


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_every_stage_decides_on_the_account(make, how):
    rag = make(stages=ROUTED)
    (document, *_) = await found(rag.as_retriever(), how, FIRST)
    query = document.metadata["query_id"]
    path = {"retrieval": "single", "rewrite": "multi_query", "retriever": "other", "context": "short"}
    found_path = rag.explain(query)
    assert found_path.path == path
    assert [decision["stage"] for decision in rag.decisions(query)] == list(path)
    calls = [line["call"] for line in found_path.account]
    assert "helper" in calls
    assert "other" in calls
    assert rag.cost(query)["joules"] > 0
    assert all(not make.models[name].calls for name in ("small", "medium", "large"))


@pytest.mark.parametrize("k", [1, 3, 12])
async def test_k_is_the_number_of_documents(make, k):
    rag = make()
    assert len(rag.as_retriever(k=k).invoke(FIRST)) == k
    assert len(await rag.as_retriever().ainvoke(FIRST, None, k=k)) == k


@pytest.mark.parametrize("k", [0, -1, 1.5, True, "3"])
def test_a_wrong_k_is_refused(make, k):
    rag = make()
    with pytest.raises(InputError, match="as_retriever: k is"):
        rag.as_retriever(k=k)
    with pytest.raises(InputError, match="as_retriever: k is"):
        rag.as_retriever().invoke(FIRST, None, k=k)


def test_it_searches_unless_the_gate_may_decide(make):
    rag = make(stages=GATE)
    assert len(rag.as_retriever().invoke(FIRST)) == 2
    assert rag.as_retriever(gate=True).invoke(FIRST) == []
    forced = {"configurable": {"rag": {"options": {"retrieval": "none"}}}}
    assert rag.as_retriever().invoke(FIRST, forced) == []


def test_a_context_without_passages_is_for_the_gate(make):
    options = {"none": {"chunks": 0}, "short": {"chunks": 2}}
    rag = make(stages={"context": {"options": options, "router": {"fixed": {"option": "none"}}}})
    assert len(rag.as_retriever().invoke(FIRST)) == 2
    assert rag.as_retriever(gate=True).invoke(FIRST) == []


def test_it_never_abstains(make, monkeypatch):
    monkeypatch.setattr("dynamicrag.walk.walk.nearness", lambda known: "far")
    own = {"options": ["accept", "abstain"], "router": {"thresholds": {"abstain": ["unanswerable"]}}}
    stages = {"verification": {**own, "verifiers": ["unanswerable"]}}
    rag = make(stages=stages, outside="abstain")
    assert rag.as_tool("kb", "Towns.").invoke({"question": FIRST}).startswith(ABSTAINED)
    assert len(rag.as_retriever().invoke(FIRST)) == 2
    forced = {"configurable": {"rag": {"options": {"verification": "abstain"}}}}
    assert len(rag.as_retriever().invoke(FIRST, forced)) == 2


def test_a_filter_of_the_call_applies(make, tmp_path):
    for tenant in ("acme", "other"):
        folder = tmp_path / "own" / tenant
        folder.mkdir(parents=True)
        (folder / "bridge.md").write_text(f"# Bridge of {tenant}\n\nThe bridge of {tenant} is long.\n")
    corpora = {
        "docs": {
            "path": str(tmp_path / "own"),
            "metadata": {f"{one}/*": {"tenant": one} for one in ("acme", "other")},
        }
    }
    rag = make(corpora=corpora)
    config = {"configurable": {"rag": {"filter": {"tenant": "acme"}, "user": "anna"}}}
    documents = rag.as_retriever().invoke("How long is the bridge?", config)
    assert [document.metadata["title"] for document in documents] == ["Bridge of acme"]
    bound = rag.as_retriever(k=2).with_config(config)
    assert len(bound.invoke("How long is the bridge?")) == 1


def test_a_policy_of_the_call_applies(make):
    rag = make(policies={"wide": make.policy(stages={"context": {"options": {"long": {"chunks": 5}}}})})
    config = {"configurable": {"rag": {"policy": "wide"}}}
    assert len(rag.as_retriever().invoke(FIRST, config)) == 5
    assert len(rag.as_retriever().invoke(FIRST)) == 2


@pytest.mark.parametrize(
    ("asked", "problem"),
    [("  ", "the question is empty"), ("x" * 20_001, "at most 20,000")],
)
async def test_a_question_that_cannot_be_used_is_refused(make, asked, problem):
    made = make().as_retriever()
    with pytest.raises(InputError, match=problem):
        made.invoke(asked)
    with pytest.raises(InputError, match=problem):
        await made.ainvoke(asked)


class Seen(BaseCallbackHandler):
    def __init__(self):
        self.started, self.found, self.failed = [], [], []

    def on_retriever_start(self, serialized, query, *, tags, metadata, **more):
        self.started.append((query, tags, metadata))

    def on_retriever_end(self, documents, **more):
        self.found.append(ids(documents))

    def on_retriever_error(self, error, **more):
        self.failed.append(error)


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_callbacks_see_the_documents(make, how):
    seen = Seen()
    config = {"callbacks": [seen], "tags": ["mine"], "metadata": {"tenant": "acme"}}
    made = make().as_retriever()
    documents = await found(made, how, FIRST, config)
    query, tags, metadata = seen.started[0]
    assert (query, tags, metadata["tenant"]) == (FIRST, ["mine"], "acme")
    assert ids(documents) == seen.found[-1]
    with pytest.raises(InputError):
        await found(made, how, " ", config)
    assert isinstance(seen.failed[0], InputError)


def test_it_is_a_part_of_a_chain(make):
    chain = make().as_retriever(k=1) | RunnableLambda(lambda found: found[0].metadata["title"])
    assert chain.batch([FIRST, FIRST.replace("03", "07")]) == ["About town03", "About town07"]


async def test_concurrent_calls_have_a_query_each(make):
    made = make().as_retriever(k=1)
    asked = [f"When was the bridge of town{n:02} opened?" for n in range(12)]
    documents = await asyncio.gather(*map(made.ainvoke, asked))
    assert [one.metadata["document"] for (one,) in documents] == [f"town{n:02}.md" for n in range(12)]
    assert len({one.metadata["query_id"] for (one,) in documents}) == 12


def test_within_a_graph_it_leaves_no_state(make):
    made, saver = make().as_retriever(k=1), InMemorySaver()

    def search(state):
        return {"messages": [("ai", made.invoke(state["messages"][-1].text)[0].metadata["title"])]}

    builder = StateGraph(MessagesState)
    builder.add_node("search", search)
    builder.add_edge(START, "search")
    builder.add_edge("search", END)
    config = {"configurable": {"thread_id": "a"}}
    state = builder.compile(checkpointer=saver).invoke({"messages": [("user", FIRST)]}, config)
    assert state["messages"][-1].text == "About town03"
    assert {item.config["configurable"]["checkpoint_ns"] for item in saver.list(None)} == {""}


def test_reports_keep_its_queries_apart(make):
    rag = make()
    query = rag.as_retriever().invoke(FIRST)[0].metadata["query_id"]
    assert rag.flush()
    kept = rag.pipeline.bookkeeper.kept(query)
    assert kept["policy"] == f"{rag.pipeline.policy.name} (retriever)"
    assert kept["path"] == {"retrieval": "single", "retriever": "lexical", "context": "short"}
    assert rag.pipeline.log.query(query) is None
    with pytest.raises(InputError):
        rag.feedback(query, 1.0)
    loaded = load(Runs())
    assert [turn.policy for turn in loaded.turns if turn.id == query] == [kept["policy"]]
    assert not any(query in note for note in loaded.notes)

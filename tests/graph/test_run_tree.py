"""LangChain's run tree of a query: the searches with their documents, and the decisions in the metadata."""

import asyncio
import logging

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.tracers import LangChainTracer
from langchain_core.tracers.run_collector import RunCollectorCallbackHandler

from .conftest import call

QUESTION = "When was the bridge of town03 opened?"


class Theirs(BaseRetriever):
    """A user's retriever."""

    def _get_relevant_documents(self, query, *, run_manager):
        return [Document("The bridge of town03 was opened in 1813.", id="a", metadata={"title": "Town 3"})]


def runs(app, how, ask, **config):
    """Ask, and return all runs below the graph's."""
    collector = RunCollectorCallbackHandler()
    call(app, how, ask(QUESTION), {"callbacks": [collector, *config.pop("callbacks", ())], **config})
    (root,) = collector.traced_runs
    found, to_see = [], [root]
    while to_see:
        run = to_see.pop(0)
        found.append(run)
        to_see += run.child_runs
    return found


def of_type(found, kind):
    return [run for run in found if run.run_type == kind]


@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_search_has_its_documents(make, ask, how):
    found = runs(make().build_graph().compile(), how, ask)
    (search,) = of_type(found, "retriever")
    assert search.name == "lexical"
    assert search.inputs["query"] == QUESTION
    first = search.outputs["documents"][0]
    assert first.id == first.metadata["id"]
    assert first.id.startswith("town03.md")
    assert first.metadata["title"] == "About town03"
    assert first.metadata["score"] > 0
    assert "1813" in first.page_content
    (node,) = [run for run in found if run.name == "retriever" and run.run_type == "chain"]
    assert search.parent_run_id == node.id
    assert search.end_time is not None


@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_foreign_retriever_shows_once(make, ask, how):
    stages = {"retriever": {"options": ["theirs"]}}
    rag = make(stages=stages, objects={"retrievers": {"theirs": Theirs()}})
    found = runs(rag.build_graph().compile(), how, ask)
    (search,) = of_type(found, "retriever")
    assert search.name == "Theirs"
    (node,) = [run for run in found if run.name == "retriever" and run.run_type == "chain"]
    assert search.parent_run_id == node.id


def test_a_foreign_part_is_below_the_search_that_calls_it(make, ask):
    stages = {
        "retriever": {
            "options": {"both": {"rrf": {"of": ["theirs", "lexical"]}}},
            "parts": {"theirs": None, "lexical": {"bm25": {}}},
        }
    }
    rag = make(stages=stages, objects={"retrievers": {"theirs": Theirs()}})
    both, theirs = of_type(runs(rag.build_graph().compile(), "sync", ask), "retriever")
    assert (both.name, theirs.name) == ("both", "Theirs")
    assert theirs.parent_run_id == both.id


def test_a_search_that_fails_is_a_run_that_failed(make, ask):
    class Broken(Theirs):
        def _get_relevant_documents(self, query, *, run_manager):
            raise RuntimeError("no index")

    stages = {
        "retriever": {
            "options": {"both": {"rrf": {"of": ["theirs", "lexical"]}}},
            "parts": {"theirs": None, "lexical": "bm25"},
        }
    }
    rag = make(stages=stages, objects={"retrievers": {"theirs": Broken()}})
    collector = RunCollectorCallbackHandler()
    with pytest.raises(Exception, match="no index"):
        rag.build_graph().compile().invoke(ask(QUESTION), {"callbacks": [collector]})
    (root,) = collector.traced_runs
    (node,) = [run for run in root.child_runs if run.name == "retriever"]
    assert "no index" in of_type(node.child_runs, "retriever")[0].error


@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_node_has_its_decisions_in_its_metadata(make, ask, how):
    found = runs(make().build_graph().compile(), how, ask, metadata={"mine": 1})
    (node,) = [run for run in found if run.name == "generate"]
    told = node.extra["metadata"]
    assert told["dynamicrag.generator.option"] == "small"
    assert told["dynamicrag.generator.router"] == "fixed"
    assert told["dynamicrag.generator.propensity"] == 1.0
    assert told["dynamicrag.generator.reason"] == "fixed"
    assert told["dynamicrag.prompt.option"] == "direct"
    assert told["dynamicrag.query_id"]
    assert told["mine"] == 1
    others = [run for run in found if run is not node]
    assert not any("dynamicrag.generator.option" in run.extra["metadata"] for run in others)


def test_langsmith_receives_the_decisions(make, ask):
    """Its tracer sends a run's metadata at the run's end."""

    class Client:
        sent: dict = {}  # noqa: RUF012 - of this test alone
        tracing_queue = None
        api_key = "none"

        def create_run(self, **run):
            pass

        def update_run(self, **run):
            self.sent[run["name"]] = run["extra"]["metadata"]

        def __getattr__(self, name):
            return None

    tracer = LangChainTracer(client=Client(), project_name="p")
    make().build_graph().compile().invoke(ask(QUESTION), {"callbacks": [tracer]})
    assert Client.sent["generate"]["dynamicrag.generator.option"] == "small"


class Raises(BaseCallbackHandler):
    """A handler with an error of its own."""

    def on_retriever_start(self, *args, **kwargs):
        raise ValueError("theirs")

    def on_retriever_end(self, *args, **kwargs):
        raise ValueError("theirs")


@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_handler_that_raises_costs_no_answer(make, ask, how):
    app = make().build_graph().compile()
    out = call(app, how, ask(QUESTION), {"callbacks": [Raises()]})
    assert out["messages"][-1].text == "The bridge of town03 opened"


def test_a_search_adds_nothing_to_the_streamed_answer(make, ask):
    app = make().build_graph().compile()
    tokens = [token.text for token, _ in app.stream(ask(QUESTION), stream_mode="messages")]
    assert "".join(tokens) == "The bridge of town03 opened"


def test_events_have_the_search(make, ask):
    app = make().build_graph().compile()

    async def listen():
        return [event async for event in app.astream_events(ask(QUESTION), version="v2")]

    ends = [event for event in asyncio.run(listen()) if event["event"] == "on_retriever_end"]
    assert [event["name"] for event in ends] == ["lexical"]
    assert ends[0]["data"]["output"]


def test_a_decision_and_a_finished_query_are_log_records(make, ask, caplog):
    rag = make()
    with caplog.at_level(logging.DEBUG, logger="dynamicrag"):
        out = rag.build_graph().compile().invoke(ask(QUESTION), {"configurable": {"thread_id": "t"}})
        rag.flush()
    query = out["rag"]["report"]["query_id"]
    decided = [record for record in caplog.records if record.name == "dynamicrag.decisions"]
    assert [record.stage for record in decided] == [each["stage"] for each in out["rag"]["decisions"]]
    assert {(record.query_id, record.levelname) for record in decided} == {(query, "DEBUG")}
    assert (decided[-1].option, decided[-1].propensity) == ("accept", 1.0)
    (finished,) = [record for record in caplog.records if record.name == "dynamicrag.queries"]
    assert (finished.query_id, finished.levelname, finished.thread_id) == (query, "INFO", "t")
    assert finished.path == out["rag"]["report"]["path"]
    assert finished.joules > 0
    assert not any("town03" in record.getMessage() for record in caplog.records)


def test_nothing_above_debug_but_the_finished_query(make, ask, caplog):
    rag = make()
    with caplog.at_level(logging.INFO, logger="dynamicrag"):
        rag.build_graph().compile().invoke(ask(QUESTION))
        rag.flush()
    assert {record.name for record in caplog.records if record.name.startswith("dynamicrag")} == {
        "dynamicrag.queries"
    }

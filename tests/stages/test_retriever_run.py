"""A search as a run of LangChain; the graph's run tree is tested with the graph."""

import asyncio
import sys

import pytest
from langchain_core.tracers.run_collector import RunCollectorCallbackHandler

from dynamicrag.records import Passage
from dynamicrag.stages.retriever_run import as_retriever_run

FOUND = [Passage(id="a#0", document="a", title="A", text="Text.", score=0.5, corpus="docs")]


async def search():
    return FOUND


@pytest.mark.parametrize("config", [None, {}, {"callbacks": None}, {"callbacks": []}])
def test_without_callbacks_it_is_the_search_alone(config):
    assert asyncio.run(as_retriever_run(config, "kb", "Who?", search)) is FOUND


def test_a_document_has_all_but_the_text_as_metadata():
    collector = RunCollectorCallbackHandler()
    assert asyncio.run(as_retriever_run({"callbacks": [collector]}, "kb", "Who?", search)) is FOUND
    (run,) = collector.traced_runs
    (document,) = run.outputs["documents"]
    assert (document.id, document.page_content) == ("a#0", "Text.")
    assert document.metadata == {"id": "a#0", "document": "a", "title": "A", "score": 0.5, "corpus": "docs"}


def test_a_cancelled_search_ends_its_run():
    collector = RunCollectorCallbackHandler()

    async def cancelled():
        begun = asyncio.Event()

        async def forever():
            begun.set()
            await asyncio.sleep(600)
            return FOUND

        task = asyncio.create_task(as_retriever_run({"callbacks": [collector]}, "kb", "Who?", forever))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    (run,) = collector.traced_runs
    assert "CancelledError" in run.error


def test_handlers_do_not_block_the_loop():
    """A handler that is not asynchronous runs in a thread."""
    loops = []

    class Slow(RunCollectorCallbackHandler):
        def on_retriever_start(self, *args, **kwargs):
            try:
                asyncio.get_running_loop()
                loops.append("here")
            except RuntimeError:
                loops.append("elsewhere")
            return super().on_retriever_start(*args, **kwargs)

    asyncio.run(as_retriever_run({"callbacks": [Slow()]}, "kb", "Who?", search))
    assert loops == ["elsewhere"]
    assert "langchain_core" in sys.modules

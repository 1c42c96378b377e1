"""Our retriever and query engine in LlamaIndex, and LlamaIndex's query engine as a retriever here."""

import asyncio

import pytest
from llama_index.core import Document, VectorStoreIndex
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms import MockLLM
from llama_index.core.postprocessor import SimilarityPostprocessor
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import MetadataMode, QueryBundle

from dynamicrag import BudgetExceeded, InputError, PolicyError
from dynamicrag.faces.llama_index import RoutedNodeRetriever, RoutedQueryEngine
from dynamicrag.text.withheld import ABSTAINED
from tests.graph.test_tool import ABSTAINS, ANSWER, FIRST, poor

FORCED = {"configurable": {"rag": {"options": {"generator": "large"}}}}


async def found(made, how, asked):
    return made.retrieve(asked) if how == "sync" else await made.aretrieve(asked)


async def answered(made, how, asked):
    return made.query(asked) if how == "sync" else await made.aquery(asked)


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("asked", [FIRST, QueryBundle(FIRST)], ids=["text", "bundle"])
async def test_the_retriever_finds_nodes(make, how, asked):
    rag = make()
    first, second = await found(RoutedNodeRetriever(rag), how, asked)
    assert (first.node_id, second.node_id) == ("town03.md#0", "town00.md#0")
    assert first.score > second.score
    assert "opened in 1813" in first.text
    assert first.metadata["title"] == "About town03"
    assert rag.explain(first.metadata["query_id"]).path["context"] == "short"
    read = first.node.get_content(MetadataMode.LLM)
    assert "About town03" in read
    assert first.metadata["query_id"] not in read


@pytest.mark.parametrize("made", [RoutedNodeRetriever, RoutedQueryEngine])
def test_they_need_a_dynamicrag(made):
    with pytest.raises(PolicyError, match=f"{made.__name__}: rag is a str; give the object"):
        made("policy.yaml")


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_their_query_engine_and_postprocessors_take_our_retriever(make, how):
    floor = SimilarityPostprocessor(similarity_cutoff=1.0)
    engine = RetrieverQueryEngine.from_args(
        RoutedNodeRetriever(make(), k=5), llm=MockLLM(max_tokens=4), node_postprocessors=[floor]
    )
    response = await answered(engine, how, FIRST)
    assert [node.node_id for node in response.source_nodes] == ["town03.md#0"]
    assert str(response)


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_the_engine_answers_with_sources_and_the_report(make, how):
    rag = make()
    response = await answered(RoutedQueryEngine(rag, config=FORCED), how, FIRST)
    assert str(response) == ANSWER
    assert [node.node_id for node in response.source_nodes] == ["town03.md#0", "town00.md#0"]
    about = response.metadata
    assert about["path"]["generator"] == "large"
    assert about["cost"]["joules"]["value"] > 0
    assert not about["abstained"]
    assert rag.explain(about["query_id"]).path == about["path"]
    assert "1813" in response.get_formatted_sources()


def test_the_engine_says_that_an_answer_is_withheld(make):
    make.scripts["small"] = lambda kind, text: "unanswerable"
    response = RoutedQueryEngine(make(stages=ABSTAINS)).query(FIRST)
    assert str(response) == ABSTAINED
    assert response.metadata["abstained"]
    assert response.source_nodes == []


def test_each_call_of_a_thread_or_a_loop_is_a_query_of_its_own(make):
    engine = RoutedQueryEngine(make())

    async def many():
        return await asyncio.gather(*(engine.aquery(FIRST) for _ in range(6)))

    ids = {response.metadata["query_id"] for _ in range(2) for response in asyncio.run(many())}
    assert len(ids) == 12


def test_their_callbacks_see_both(make):
    seen = LlamaDebugHandler(print_trace_on_end=False)
    manager, rag = CallbackManager([seen]), make()
    RoutedNodeRetriever(rag, callback_manager=manager).retrieve(FIRST)
    assert len(seen.get_event_pairs(CBEventType.RETRIEVE)) == 1
    assert RoutedQueryEngine(rag, callback_manager=manager).callback_manager is manager


async def test_errors_are_those_of_the_graph(make):
    rag = poor(make)
    with pytest.raises(BudgetExceeded):
        RoutedQueryEngine(rag).query(FIRST)
    with pytest.raises(InputError, match="the question is empty"):
        await RoutedNodeRetriever(rag).aretrieve(" ")
    with pytest.raises(InputError, match="as_retriever: k is 0"):
        RoutedNodeRetriever(rag, k=0)


class TestTheirs:
    """Objects of LlamaIndex as options here."""

    def index(self):
        documents = [
            Document(text="The bridge opened in 1871.", metadata={"tenant": "a"}),
            Document(text="The inn serves soup.", metadata={"tenant": "b"}),
        ]
        return VectorStoreIndex.from_documents(documents, embed_model=MockEmbedding(embed_dim=8))

    def engine(self, cutoff):
        floor = SimilarityPostprocessor(similarity_cutoff=cutoff)
        return self.index().as_query_engine(llm=MockLLM(max_tokens=2), node_postprocessors=[floor])

    @pytest.mark.parametrize(("cutoff", "number"), [(0.0, 2), (1.1, 0)])
    def test_a_query_engine_is_a_retriever_with_its_postprocessors(self, make, cutoff, number):
        stages = {"retriever": {"options": ["kb"]}}
        rag = make(stages=stages, corpora={}, objects={"retrievers": {"kb": self.engine(cutoff)}})
        assert len(rag.as_retriever(k=2).invoke(FIRST)) == number

    def test_a_filter_reaches_it(self, make):
        stages = {"retriever": {"options": ["kb"]}}
        rag = make(stages=stages, corpora={}, objects={"retrievers": {"kb": self.engine(0.0)}})
        config = {"configurable": {"rag": {"filter": {"tenant": "b"}}}}
        (document,) = rag.as_retriever(k=2).invoke(FIRST, config)
        assert document.page_content == "The inn serves soup."

    def test_our_retriever_is_an_option_as_well(self, make):
        inner = make()
        given = {"retrievers": {"kb": RoutedNodeRetriever(inner, k=3)}}
        rag = make(stages={"retriever": {"options": ["kb"]}}, corpora={}, objects=given)
        (document, *_) = rag.as_retriever(k=3).invoke(FIRST)
        assert document.metadata["title"] == "About town03"

    def test_other_query_engines_are_refused(self, make):
        with pytest.raises(PolicyError, match="a LlamaIndex retriever, index or RetrieverQueryEngine"):
            make(
                stages={"retriever": {"options": ["kb"]}},
                corpora={},
                objects={"retrievers": {"kb": RoutedQueryEngine(make())}},
            )

"""A LlamaIndex application whose questions are routed: between two models, and with or without a search.

The index, the node postprocessors and the models are LlamaIndex's. The query engine is ours.

``OPENAI_API_KEY=… python examples/llama_index_app.py examples/corpus/visiting``
"""

import argparse
from typing import Any

from llama_index.core import SimpleDirectoryReader, VectorStoreIndex
from llama_index.core.postprocessor import SimilarityPostprocessor
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.llms.openai import OpenAI

from dynamicrag import DynamicRAG
from dynamicrag.faces.llama_index import RoutedNodeRetriever, RoutedQueryEngine

POLICY = {
    "version": 1,
    "models": {"small": {}, "large": {}},  # weakest first; the objects replace these entries
    "stages": {
        "retrieval": {"options": ["none", "single"], "router": "prior"},  # small talk needs no search
        "retriever": {"options": ["kb"]},
        "context": {"options": {"short": {"chunks": 2}, "long": {"chunks": 6}}, "router": "prior"},
        "generator": {
            "options": ["small", "large"],
            "router": {
                "rules": {"when": [{"if": {"greeting": True}, "take": "small"}], "otherwise": "large"}
            },
        },
    },
}


def build(small: Any, large: Any, index: Any) -> DynamicRAG:
    """Take the index as a query engine: its nodes pass its postprocessors before ours choose among them."""
    cutoff = SimilarityPostprocessor(similarity_cutoff=0.2)
    kb = index.as_query_engine(llm=small, similarity_top_k=8, node_postprocessors=[cutoff])
    return DynamicRAG.from_policy(POLICY, models={"small": small, "large": large}, retrievers={"kb": kb})


def shown(response: Any) -> str:
    """Return an answer, its sources, its path and its cost."""
    about = response.metadata
    sources = sorted({node.metadata["title"] or node.metadata["document"] for node in response.source_nodes})
    usd = about["cost"]["usd"]["value"]
    cost = "price unknown" if usd is None else f"${usd:.6f}"
    note = "  (withheld)" if about["abstained"] else ""
    return f"{response}{note}\n  {', '.join(sources) or 'no sources'}\n  {about['path']}  {cost}"


def own_synthesis(rag: DynamicRAG, llm: Any) -> Any:
    """Return LlamaIndex's own query engine over our retriever: your LLM answers from routed nodes."""
    return RetrieverQueryEngine.from_args(RoutedNodeRetriever(rag, k=4), llm=llm)


def main() -> None:
    """Answer questions from the terminal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="folder of documents")
    folder = parser.parse_args().folder
    index = VectorStoreIndex.from_documents(SimpleDirectoryReader(folder, recursive=True).load_data())
    with build(OpenAI("gpt-4o-mini"), OpenAI("gpt-4o"), index) as rag:
        engine = RoutedQueryEngine(rag, config={"tags": ["llama_index_app"]})
        while question := input("> ").strip():
            print(shown(engine.query(question)))


if __name__ == "__main__":
    main()

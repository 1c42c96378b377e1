"""Your existing chat model and vector store from LangChain, with one account.

``OPENAI_API_KEY=… python examples/langchain_objects.py "When does the museum open?"``
"""

import sys
from typing import Any

from langchain.chat_models import init_chat_model
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_openai import OpenAIEmbeddings

from dynamicrag import DynamicRAG

TEXTS = ["The museum opens at ten.", "The ferry leaves at noon.", "The inn serves soup until nine."]


def build(llm: Any, store: Any) -> DynamicRAG:
    """No policy: one model, one retriever, and plain options at all other stages."""
    return DynamicRAG.from_policy(models={"llm": llm}, retrievers={"kb": store.as_retriever()})


def answer(rag: DynamicRAG, question: str) -> str:
    """Ask a question, and print the cost."""
    state = rag.build_graph().compile().invoke({"messages": [("user", question)]})
    usd = rag.cost(state["rag"]["report"]["query_id"]).known("usd")
    return f"{state['messages'][-1].text}  [{'price unknown' if usd is None else f'${usd:.6f}'}]"


if __name__ == "__main__":
    store = InMemoryVectorStore(OpenAIEmbeddings(model="text-embedding-3-small"))
    store.add_texts(TEXTS)
    print(answer(build(init_chat_model("openai:gpt-4o-mini"), store), " ".join(sys.argv[1:])))

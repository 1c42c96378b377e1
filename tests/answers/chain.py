"""A plain retrieve-and-answer chain, as a tutorial has it: the four nearest chunks, one prompt, one model.

Dense search over the same chunks as the policies use, and the same local model; nothing is routed,
verified or withheld.
"""

import time
from typing import Any

from langchain_core.documents import Document
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_openai import ChatOpenAI
from langgraph.graph import END, START, StateGraph

from dynamicrag import DynamicRAG, RagState
from dynamicrag.llm.local import local_server
from tests.answers.state import part

CHUNKS = 4
PROMPT = ChatPromptTemplate.from_messages(
    [
        (
            "system",
            "You answer questions about the documents below. Use only what they say, and answer in one to "
            "three full sentences. If they do not say it, say that you don't know.\n\n{context}",
        ),
        ("user", "{question}"),
    ]
)


def search(corpus: str, model: str) -> Any:
    """Return a function from a question to the nearest chunks of a corpus."""
    rag = DynamicRAG.from_policy(
        {
            "version": 1,
            "corpora": {"docs": {"path": corpus, "chunk": {"size": 256, "overlap": 32}}},
            "models": {"model": {"model": f"local:{model}"}},
            "host": {"meter": "none"},
            "runs": {"keep": 0},
            "stages": {
                "retriever": {"options": {"dense": {"chroma": {}}}},
                "context": {"options": {"four": {"chunks": CHUNKS}}},
            },
        }
    )
    builder: Any = StateGraph(RagState)
    rag.add_node(builder, "search", stage="retriever")
    builder.add_edge(START, "search")
    rag.add_node(builder, "take", stage="context")
    builder.add_edge("search", "take")
    builder.add_edge("take", END)
    app = builder.compile()

    def find(question: str) -> list[Document]:
        passages = part(app.invoke({"messages": [("user", question)]}), "turn")["passages"]
        return [
            Document(each["text"], metadata={"title": each["title"], "id": each["id"]}) for each in passages
        ]

    return find


class Chain:
    """Ask it one question after another."""

    def __init__(self, corpus: str, model: str) -> None:
        self.search = search(corpus, model)
        server = local_server(model, slots=1)
        llm = ChatOpenAI(
            model=model,
            base_url=f"{server.start()}/v1",
            api_key=server.key,
            temperature=0,
            max_tokens=256,
            timeout=600,
        )
        self.chain = RunnableLambda(_shown) | PROMPT | llm | StrOutputParser()

    def ask(self, row: dict[str, Any]) -> dict[str, Any]:
        """Answer the question of a row."""
        began, computed = time.perf_counter(), time.process_time()
        found = self.search(row["question"])
        answer = self.chain.invoke({"question": row["question"], "found": found})
        return {
            "answer": answer.strip(),
            "retrieval": "single",
            "documents": list(dict.fromkeys(each.metadata["id"].partition("#")[0] for each in found)),
            "abstained": False,
            "seconds": round(time.perf_counter() - began, 2),
            "cpu_seconds": round(time.process_time() - computed, 2),
        }


def _shown(given: dict[str, Any]) -> dict[str, str]:
    context = "\n\n".join(f"{each.metadata['title']}\n{each.page_content}" for each in given["found"])
    return {"context": context, "question": given["question"]}

"""Our nodes in a graph with its own state: ``question`` and ``answer`` are texts in it."""

import sys
from pathlib import Path
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph

from dynamicrag import DynamicRAG, RagChannel


class Ticket(TypedDict):
    """The state of a help desk."""

    customer: str
    question: str
    answer: str
    kb: RagChannel  # declared in order to read it here; optional


def sign(state: Ticket) -> dict[str, str]:
    titles = dict.fromkeys(source["title"] for source in state["kb"]["report"]["sources"])
    return {"answer": f"Dear {state['customer']},\n{state['answer']}\n(from: {', '.join(titles)})"}


def build(rag: DynamicRAG) -> Any:
    builder = StateGraph(Ticket)
    stages = {"search": "retriever", "write": "generator", "finish": "finish"}
    for name, stage in stages.items():
        rag.add_node(builder, name, stage=stage, question="question", answer="answer", prefix="kb")
    builder.add_node("sign", sign)
    for here, there in zip([START, *stages, "sign"], [*stages, "sign", END], strict=True):
        builder.add_edge(here, there)
    return builder.compile()


if __name__ == "__main__":
    app = build(DynamicRAG.from_policy("balanced", corpus=Path(__file__).parent / "corpus"))
    print(app.invoke({"customer": "Mr Wren", "question": " ".join(sys.argv[1:])})["answer"])

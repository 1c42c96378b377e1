"""Our retriever and generator inside a graph of your own, between a guard and a node that cites.

``python examples/own_graph.py "How many steps has the lighthouse at Cape Ondry?"``; questions may be
piped in, one per line.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage
from langgraph.graph import END, START, MessagesState, StateGraph

from dynamicrag import DynamicRAG, DynamicRAGError, RagState


def policy(model: str) -> dict[str, Any]:
    """A policy may be a mapping as well as a file; omitted stages have one default option."""
    return {
        "version": 1,
        "corpora": {"docs": {"path": str(Path(__file__).parent / "corpus")}},
        "models": {"model": {"model": model}},
        "stages": {"context": {"options": {"short": {"chunks": 2}}}},
    }


def guard(state: MessagesState) -> dict[str, Any]:
    """Your own node: refuse unwanted questions."""
    if "password" in state["messages"][-1].text.lower():
        return {"messages": [AIMessage("I do not talk about passwords.")]}
    return {}


def is_refused(state: MessagesState) -> str:
    return END if isinstance(state["messages"][-1], AIMessage) else "search"


def cite(state: RagState) -> dict[str, Any]:
    """Your own node: name the sources. A message with the same id takes the answer's place."""
    answer = state["messages"][-1]
    titles = dict.fromkeys(source["title"] for source in state["rag"]["report"]["sources"])
    return {"messages": [AIMessage(f"{answer.text}\n  Sources: {'; '.join(titles) or 'none'}", id=answer.id)]}


def build(rag: DynamicRAG) -> Any:
    """Put the graph together; its schema need not know of our keys."""
    builder: StateGraph[Any, Any, Any, Any] = StateGraph(MessagesState)
    builder.add_node("guard", guard)
    rag.add_node(builder, "search", stage="retriever")
    rag.add_node(builder, "write", stage="generator")
    rag.add_node(builder, "finish", stage="finish")  # the draft becomes a message
    builder.add_node("cite", cite, input_schema=RagState)
    builder.add_edge(START, "guard")
    builder.add_conditional_edges("guard", is_refused, ["search", END])
    for here, there in [("search", "write"), ("write", "finish"), ("finish", "cite"), ("cite", END)]:
        builder.add_edge(here, there)
    return builder.compile()


def main() -> int:
    options = argparse.ArgumentParser(description="Two nodes of DynamicRAG in your own graph.")
    options.add_argument("question", nargs="*", help="what to ask (default: what is typed or piped in)")
    options.add_argument("--model", default="local:qwen2.5-coder-0.5b-instruct", help="default: %(default)s")
    given = options.parse_args()
    try:
        app = build(DynamicRAG.from_policy(policy(given.model)))
        for line in [" ".join(given.question)] if given.question else sys.stdin:
            if line.strip():
                print(app.invoke({"messages": [("user", line.strip())]})["messages"][-1].text)
    except DynamicRAGError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())

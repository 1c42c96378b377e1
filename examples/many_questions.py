"""Many concurrent questions, one per line, by ``Send`` to the graph itself."""

import sys
from pathlib import Path
from typing import Any

from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Send

from dynamicrag import DynamicRAG, RagChannel


class Survey(MessagesState):
    """Questions, and then their answers in the same order."""

    rag: RagChannel  # decisions and accounts of all questions; optional


def ask_all(state: Survey) -> list[Send]:
    return [Send("ask", {"messages": [message]}) for message in state["messages"] if message.type == "human"]


def build(rag: DynamicRAG) -> Any:
    builder = StateGraph(Survey)
    builder.add_node("ask", rag.build_graph().compile())
    builder.add_conditional_edges(START, ask_all, ["ask"])
    return builder.compile()


def main() -> None:
    rag = DynamicRAG.from_policy("balanced", corpus=Path(__file__).parent / "corpus")
    out = build(rag).invoke({"messages": [("user", line) for line in sys.stdin if line.strip()]})
    for message in out["messages"]:
        if about := message.response_metadata.get("dynamicrag"):  # answers are in the order of the questions
            print(f"{message.text}  [{rag.cost(about['query_id'])['joules']:.1f} J]")


if __name__ == "__main__":
    main()

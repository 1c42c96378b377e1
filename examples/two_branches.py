"""Two folders of documents searched in parallel in one graph: each branch has its own prefix."""

import sys
from pathlib import Path
from typing import Any, TypedDict

from langgraph.graph import START, StateGraph

from dynamicrag import DynamicRAG


class State(TypedDict):
    """A question, and the answers of both branches."""

    question: str
    for_visitors: str
    for_residents: str
    both: str


def join(state: State) -> dict[str, str]:
    return {"both": f"Visitors: {state['for_visitors']}\nResidents: {state['for_residents']}"}


def build(visiting: DynamicRAG, living: DynamicRAG) -> Any:
    builder = StateGraph(State)
    for rag, key, prefix in ((visiting, "for_visitors", "visit"), (living, "for_residents", "live")):
        graph = rag.build_graph(question="question", answer=key, prefix=prefix)
        builder.add_node(f"ask_{prefix}", graph.compile())
        builder.add_edge(START, f"ask_{prefix}")
    builder.add_node("join", join)
    builder.add_edge(["ask_visit", "ask_live"], "join")
    return builder.compile()


if __name__ == "__main__":
    corpus = Path(__file__).parent / "corpus"
    rags = [DynamicRAG.from_policy("balanced", corpus=corpus / name) for name in ("visiting", "living")]
    print(build(*rags).invoke({"question": " ".join(sys.argv[1:])})["both"])

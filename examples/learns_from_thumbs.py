"""A router changes its mind: thumbs move it from the cheap model to the model whose answers users like.

``python examples/learns_from_thumbs.py`` needs no model: two scripted ones answer. Then ``dynamicrag report``
and ``dynamicrag explain QUERY_ID`` show what was learnt from this run.
"""

import sys

from dynamicrag import DynamicRAG
from dynamicrag.testing import FakeEmbedder, FakeRetriever, ScriptedChat

ARCHITECTS = {"bridge": "Ada Vale", "lighthouse": "Jon Marr", "harbour": "Ida Holt", "ferry": "Per Lund"}
POLICY = {
    "version": 1,
    "models": {
        "small": {"ability": 0.7, "profile": {"usd": {"input": 1.5e-7, "output": 6e-7}}},
        "large": {"ability": 0.85, "profile": {"usd": {"input": 2.5e-6, "output": 1e-5}}},
    },
    "objective": {"weights": {"usd": 200}},
    "host": {"meter": "none"},
    "stages": {"generator": {"options": ["small", "large"], "router": "linucb"}},
}


def large(_: str, prompt: str) -> str:
    """Read the name from the passages."""
    question = prompt.rpartition("Question:")[2]
    return next(name for thing, name in ARCHITECTS.items() if thing in question)


def small(_: str, __: str) -> str:
    """Know no names."""
    return "An architect."


def main(rounds: int = 5) -> None:
    """Ask the same questions again and again, and rate each answer as a user who knows it."""
    rag = DynamicRAG.from_policy(
        POLICY,
        models={"small": ScriptedChat(script=small), "large": ScriptedChat(script=large)},
        retrievers={
            "kb": FakeRetriever([f"{name} designed the {thing}." for thing, name in ARCHITECTS.items()])
        },
        embedder=FakeEmbedder(),
    )
    queries = []
    with rag:
        app = rag.build_graph().compile()
        for number in range(1, rounds + 1):
            chosen = []
            for thing, name in ARCHITECTS.items():
                answer = app.invoke({"messages": [("user", f"Who designed the {thing}?")]})["messages"][-1]
                about = answer.response_metadata["dynamicrag"]
                rag.feedback(about["query_id"], name in answer.text)  # a thumb, up or down
                rag.flush()  # without it, the thumb is learnt within moments, in the background
                queries.append(about["query_id"])
                chosen.append(about["path"]["generator"])
            print(f"round {number}: {' '.join(chosen)}")
        for name, query in (("first", queries[0]), ("last", queries[-1])):
            (decision,) = [each for each in rag.decisions(query) if each["stage"] == "generator"]
            print(f"{name} query {query}: {decision['chosen']}: {decision['reason']}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

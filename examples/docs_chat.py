"""Chat with a folder of documents: ``python examples/docs_chat.py PATH``.

After every answer it prints the path and the cost. Questions may be piped in.
"""

import argparse
import sys
from collections.abc import Iterator
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver

from dynamicrag import DynamicRAG, DynamicRAGError


def main() -> int:
    options = argparse.ArgumentParser(description="Chat with a folder of documents.")
    options.add_argument("path", help="a folder, or a file")
    options.add_argument(
        "--policy", default="balanced", help="a preset or a YAML file (default: %(default)s)"
    )
    given = options.parse_args()
    try:
        rag = DynamicRAG.from_policy(given.policy, corpus=given.path)
        chat(rag)
    except DynamicRAGError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
    return 0


def chat(rag: DynamicRAG) -> None:
    """Answer question after question, as one conversation."""
    app: Any = rag.build_graph().compile(checkpointer=InMemorySaver())
    thread: RunnableConfig = {"configurable": {"thread_id": "terminal"}}
    for question in questions():
        asked = {"messages": [("user", question)]}
        for mode, event in app.stream(asked, thread, stream_mode=["messages", "custom"]):
            if mode == "messages":
                print(event[0].text, end="", flush=True)  # a token of the answer
            elif event["type"] == "withdrawn":
                print(" … let me look again.")  # the draft was not good enough
            elif event["type"] == "report":
                print(f"\n  [{' · '.join(event['path'].values())}]")
                print(f"  [{rag.cost(event['query_id'])['joules']:.1f} J]")


def questions() -> Iterator[str]:
    """Yield the typed or piped questions."""
    prompt = "\n> " if sys.stdin.isatty() else ""
    while True:
        try:
            question = input(prompt).strip()
        except EOFError:
            return
        if question:
            yield question


if __name__ == "__main__":
    sys.exit(main())

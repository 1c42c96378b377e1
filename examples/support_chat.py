"""A help desk over two corpora: the router chooses the corpus of the topic, or both.

``python examples/support_chat.py`` talks about the island of Quellsay, its visitors and its people.
With ``--memory chat.sqlite --thread anna`` a conversation continues where it ended.
"""

import argparse
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver

from dynamicrag import ROUTERS, Choice, DynamicRAG, DynamicRAGError, Router, StageContext
from dynamicrag.text import words

CORPUS = Path(__file__).parent / "corpus"
TOPICS = {
    "visiting": "visitor ferry museum lighthouse bridge festival inn trail walk history legend market food",
    "living": "school tax bus bin waste parking council clinic library permit water dues resident fire",
}


@ROUTERS.register("topic")
class ByTopic(Router):
    """A user-defined router: the corpus of the question's topic, or the last option, all of them."""

    def __init__(self, *, topics: dict[str, str]) -> None:
        self.topics = {name: set(words(text)) for name, text in topics.items()}

    async def choose(self, context: StageContext) -> Choice:
        """Count the words of each topic in the question, in the singular."""
        asked = {word.removesuffix("s") for word in words(context.query.text)}
        named = [name for name, topic in self.topics.items() if asked & topic]
        wanted = context.index(named[0]) if len(named) == 1 else None
        if wanted is None:
            return Choice(context.nearest(len(context.options) - 1), "no single topic")
        return Choice(wanted, f"about {named[0]}")


def policy(model: str) -> dict[str, Any]:
    """A policy may be a mapping as well as a file."""
    both = {"rrf": {"of": ["visiting", "living"]}}
    return {
        "version": 1,
        "corpora": {name: {"path": str(CORPUS / name)} for name in TOPICS},
        "models": {"model": {"model": model}},
        "helper": "model",
        "stages": {
            "retrieval": {"options": ["none", "single"], "router": "prior"},
            "retriever": {
                "options": {**{name: {"bm25": {"corpus": name}} for name in TOPICS}, "both": both},
                "router": {"topic": {"topics": TOPICS}},
            },
            "context": {"options": {"short": {"chunks": 2}}},
            "verification": {
                "options": ["accept", "escalate", "abstain"],
                "verifiers": ["unanswerable"],
                "router": "thresholds",
                "escalate": {"unanswerable": "retriever"},  # then both are asked
            },
        },
    }


def main() -> int:
    options = argparse.ArgumentParser(description="A help desk over two corpora.")
    options.add_argument("--model", default="local:qwen2.5-coder-0.5b-instruct", help="default: %(default)s")
    options.add_argument("--memory", metavar="FILE", help="where conversations are kept (default: nowhere)")
    options.add_argument("--thread", default="1", help="name of the conversation (default: %(default)s)")
    given = options.parse_args()
    memory: AbstractContextManager[Any] = nullcontext(InMemorySaver())
    if given.memory:
        memory = SqliteSaver.from_conn_string(given.memory)
    thread: RunnableConfig = {"configurable": {"thread_id": given.thread}}
    try:
        with memory as saver:
            app: Any = DynamicRAG.from_policy(policy(given.model)).build_graph().compile(checkpointer=saver)
            print("\n".join(message.text for message in app.get_state(thread).values.get("messages", [])))
            while True:
                question = input("> " if sys.stdin.isatty() else "").strip()
                if question:
                    out = app.invoke({"messages": [("user", question)]}, thread)
                    path = out["rag"]["report"]["path"]
                    print(f"{out['messages'][-1].text}  [{path.get('retriever', 'no corpus')}]")
    except DynamicRAGError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (EOFError, KeyboardInterrupt):
        return 0


if __name__ == "__main__":
    sys.exit(main())

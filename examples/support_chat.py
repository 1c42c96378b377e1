"""A help desk: a handbook in documents, and the full-text search of the ticket system's Postgres.

By the example questions in ``support_chat.yaml`` one of the two is searched, or both if none is near.
``python examples/support_chat.py --tickets postgresql://HOST/DATABASE`` needs the table of ``tickets.sql``.
"""

import argparse
import asyncio
import re
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import psycopg
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.sqlite import SqliteSaver

from dynamicrag import CorpusError, DynamicRAG, DynamicRAGError

SEARCH = """SELECT id, title, answer, ts_rank_cd(search, query) AS score
FROM tickets, websearch_to_tsquery('english', %s) AS query
WHERE search @@ query ORDER BY score DESC, id LIMIT 5"""
START = """\nStart Postgres (source .ci/services does), load the tickets, and give its address:
  psql $DYNAMICRAG_TEST_POSTGRES -f examples/tickets.sql
  python examples/support_chat.py --tickets $DYNAMICRAG_TEST_POSTGRES"""


class Tickets(BaseRetriever):
    """The ticket system's own search."""

    address: str

    async def _aget_relevant_documents(self, query: str, *, run_manager: Any = None) -> list[Document]:  # noqa: ARG002
        async with await psycopg.AsyncConnection.connect(self.address, connect_timeout=5) as database:
            found = await database.execute(SEARCH, [" or ".join(re.findall(r"\w+", query))])
            rows = await found.fetchall()
        return [
            Document(f"{title}\n{answer}", id=f"ticket {number}", metadata={"title": title, "score": score})
            for number, title, answer, score in rows
        ]

    def _get_relevant_documents(self, query: str, *, run_manager: Any = None) -> list[Document]:  # noqa: ARG002
        return asyncio.run(self._aget_relevant_documents(query))


def answer(app: Any, question: str, thread: str) -> str:
    """Ask a question; if the ticket search fails, its turn continues with the handbook alone."""
    config: dict[str, Any] = {"configurable": {"thread_id": thread}}
    try:
        out = app.invoke({"messages": [("user", question)]}, config)
    except CorpusError as error:
        print(f"(no tickets: {error})")
        config["configurable"]["rag"] = {"closed": {"retriever": ["tickets", "both"]}}
        out = app.invoke(None, config)
    report = out["rag"]["report"]
    sources = "".join(f"\n  {source['title']} ({source['id']})" for source in report["sources"])
    searched, joules = report["path"].get("retriever", "nothing"), report["cost"]["joules"]
    return f"{out['messages'][-1].text}{sources}\n  [{searched}, {joules['value']:.3g} J {joules['kind']}]"


def memory(place: str) -> AbstractContextManager[Any]:
    if place.startswith("postgres"):
        return PostgresSaver.from_conn_string(place)
    return SqliteSaver.from_conn_string(place) if place else nullcontext(InMemorySaver())


def main() -> int:
    options = argparse.ArgumentParser(description="A help desk over documents and a ticket system.")
    options.add_argument("--tickets", default="postgresql:///tickets", help="database (default: %(default)s)")
    options.add_argument("--policy", default=Path(__file__).with_suffix(".yaml"), help="default: %(default)s")
    options.add_argument("--memory", default="", help="file or Postgres address (default: nowhere)")
    options.add_argument("--thread", default="1", help="name of the conversation (default: %(default)s)")
    given = options.parse_args()
    try:
        tickets = Tickets(address=given.tickets)
        tickets.invoke("permit")  # an error now rather than later
        rag = DynamicRAG.from_policy(given.policy, retrievers={"tickets": tickets})
        with rag, memory(given.memory) as saver:
            getattr(saver, "setup", nullcontext)()  # makes the tables
            app: Any = rag.build_graph().compile(checkpointer=saver)
            known = app.get_state({"configurable": {"thread_id": given.thread}}).values
            print("\n".join(message.text for message in known.get("messages", [])))
            while True:
                if question := input("> " if sys.stdin.isatty() else "").strip():
                    print(answer(app, question, given.thread))
    except (psycopg.Error, DynamicRAGError) as error:
        said = "this is no address of Postgres" if type(error) is psycopg.ProgrammingError else error
        print(f"error: {said}{START if isinstance(error, psycopg.Error) else ''}", file=sys.stderr)
        return 1
    except (EOFError, KeyboardInterrupt):
        return 0


if __name__ == "__main__":
    sys.exit(main())

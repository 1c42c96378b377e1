"""The face of the package for LangGraph: from a policy to a graph, or to single nodes."""

import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dynamicrag.assembly import Pipeline, assemble
from dynamicrag.cost.account import Account
from dynamicrag.cost.attribution import Attribution
from dynamicrag.cost.bookkeeper import Bookkeeper
from dynamicrag.cost.vector import Cost, Scope
from dynamicrag.errors import PolicyError, unknown
from dynamicrag.graph.build import build_graph
from dynamicrag.graph.clashes import check
from dynamicrag.graph.names import Names, node_schema
from dynamicrag.graph.nodes import STAGE_NAMES, Nodes
from dynamicrag.policy_file import load_policy
from dynamicrag.types import Decision

if TYPE_CHECKING:
    from langgraph.graph import StateGraph


CLOSING_SECONDS = 5.0


class DynamicRAG:
    """Routes every stage of RAG, by one policy.

    Resources (models, indexes, meter) belong to this object and are closed over by its nodes; they
    are never in the graph's state. One object serves any number of graphs, threads and tasks.

    Args:
        pipeline: The assembled policy.

    Example:
        >>> rag = DynamicRAG.from_policy("balanced", corpus="docs/")    # doctest: +SKIP
        >>> app = rag.build_graph().compile()                           # doctest: +SKIP
        >>> app.invoke({"messages": [("user", "Who opened the bridge?")]})  # doctest: +SKIP
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self._nodes = Nodes(pipeline)
        attribution = pipeline.ledger.attribution
        attribution.acquire()
        # graphs hold the nodes, not this object: the meter runs as long as one of them can be asked
        self._close = weakref.finalize(self._nodes, _close_books, pipeline.bookkeeper, attribution)

    @classmethod
    def from_policy(
        cls,
        policy: str | Path | Mapping[str, Any],
        corpus: str | Path | Sequence[str | Path] | None = None,
    ) -> "DynamicRAG":
        """Read a policy, wire it, and start its energy meter in the background.

        Models are loaded and corpora ingested on first use.

        Args:
            policy: A preset (``frugal``, ``balanced``, ``quality``, ``always-large``), a YAML file, or its
                content as a mapping.
            corpus: Files or folders that replace the path of the policy's first corpus.

        Raises:
            PolicyError: Something in the policy is wrong.
            ModelUnavailable: A model of the policy does not exist.
        """
        return cls(assemble(load_policy(policy, corpus)))

    def build_graph(
        self, *, question: str | None = None, answer: str | None = None, prefix: str = "rag"
    ) -> "StateGraph[Any, Any, Any, Any]":
        """Return the whole graph, uncompiled: checkpointer and store are the caller's.

        Args:
            question: Key of the state under which the question comes in, as a text; by default it is the
                last human message of ``messages``, and earlier ones are its history.
            answer: Key under which the answer goes out, as a text; by default as a message in ``messages``.
            prefix: Name of our channel, of type :data:`RagChannel`. Two graphs that run side by side within
                another one have two.

        Raises:
            PolicyError: Names that are no keys, or the same one twice.
        """
        names = Names(prefix, question, answer)
        names.check("build_graph")
        return build_graph(self._nodes, names)

    def add_node(
        self,
        builder: "StateGraph[Any, Any, Any, Any]",
        name: str,
        *,
        stage: str,
        question: str | None = None,
        answer: str | None = None,
        prefix: str = "rag",
    ) -> None:
        """Add a single node to a graph of the caller's own.

        Our channel reaches the graph even if the graph's own schema lacks it; declare
        ``rag: RagChannel`` in the schema to read it, or ask :meth:`decisions`. A node may be used without
        those before it: it starts a turn if the question has none. ``generator`` decides the prompt as well,
        and how much of what was retrieved it is shown if no ``context`` has.

        Args:
            builder: The graph.
            name: The node's name.
            stage: ``begin``, ``retrieval``, ``retriever``, ``context``, ``generator``, ``verification``, or
                ``finish``, which gives the answer and reports.
            question: Key of the graph's state that has the question, as a text; by default it is the last
                human message of ``messages``.
            answer: Key that takes the answer, as a text: the draft from ``generator``, and the final one from
                ``finish``; by default ``finish`` adds a message to ``messages``.
            prefix: Name of our channel. The nodes of one way through a graph share it; ways that run side
                by side have one each.

        Raises:
            PolicyError: Unknown stage; a name that is taken, or a key that is not there or of another type.
        """
        if stage not in STAGE_NAMES:
            raise PolicyError(unknown(f"add_node({name!r})", "stage", stage, STAGE_NAMES))
        names = Names(prefix, question, answer)
        check(builder, name, names, self.pipeline, answers=stage == "finish")
        builder.add_node(name, self._nodes.node(stage, name, names), input_schema=node_schema(names))

    def decisions(self, query_id: str) -> list[Decision]:
        """Return the decisions of a query, in order; empty if they are not known any more.

        Those of recent queries are kept in memory, and with ``runs: {text: true}`` in the run database.

        Args:
            query_id: As the report and the final message have it. May block.
        """
        found = self._nodes.recent.get(query_id)
        if found is None:
            found = self.pipeline.bookkeeper.kept(query_id).get("decisions", [])
        return found

    def account(self, query_id: str) -> Account:
        """Return the lines of a query's account, of all its runs; ``report["query_id"]`` names it."""
        return self.pipeline.ledger.account(query_id)

    def cost(self, query_id: str, timeout: float = 5.0, scope: Scope = "active") -> Cost:
        """Return what a query cost in all its runs, after waiting for the meter to cover it.

        ``figures()`` has every amount with its provenance; ``known("usd")`` is ``None`` where a price is not
        known, and ``cost["usd"]`` then has the stand-in by which options are compared.

        Args:
            query_id: ``report["query_id"]``.
            timeout: Seconds to wait at most; then joules that are not metered are stand-ins, and say so.
            scope: ``active`` is what the query's own work added; ``full`` has its share of the machine's
                constant part and of its idling too.
        """
        self.pipeline.ledger.settle(query_id, timeout)
        return self.pipeline.ledger.cost(query_id, scope=scope)

    def budget(self) -> dict[str, dict[str, float]]:
        """Return how each total of the policy stands, by dimension.

        ``limit``, ``spent``, ``set_aside``, ``left`` and ``overspent``. Joules and carbon are corrected
        once they are metered; :meth:`flush` waits for that.
        """
        return {name: standing.as_dict() for name, standing in self.pipeline.budget.state().items()}

    def flush(self, timeout: float = 60.0) -> bool:
        """Wait until the accounts of all finished queries are closed and kept; whether they are."""
        return self.pipeline.bookkeeper.flush(timeout)

    def close(self) -> None:
        """Close the books, stop the meter and let go of the corpora."""
        self._close()
        for corpus in self.pipeline.corpora.values():
            corpus.close()


def _close_books(bookkeeper: Bookkeeper, attribution: Attribution) -> None:
    bookkeeper.flush(CLOSING_SECONDS)
    attribution.release()

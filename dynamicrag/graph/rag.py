"""The face of the package for LangGraph: from a policy to a graph or to single nodes."""

import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dynamicrag.cost.account import Account
from dynamicrag.cost.attribution import Attribution
from dynamicrag.cost.vector import Cost, Scope
from dynamicrag.errors import PolicyError, unknown
from dynamicrag.graph.build import build_graph
from dynamicrag.graph.clashes import check
from dynamicrag.graph.context import RagContext
from dynamicrag.graph.explain import Explanation, cost_known, explain
from dynamicrag.graph.faces import Faces
from dynamicrag.graph.feedback import Rated
from dynamicrag.graph.handles import Handles
from dynamicrag.graph.learning import started
from dynamicrag.graph.log_entry import decisions_of
from dynamicrag.graph.names import Names, node_schema
from dynamicrag.graph.nodes import Nodes
from dynamicrag.graph.observe import observing
from dynamicrag.graph.policies import Policies
from dynamicrag.graph.recent import Recent
from dynamicrag.graph.roots import Roots
from dynamicrag.graph.warm import warm
from dynamicrag.learning.fold import Folder
from dynamicrag.policy.assembly import Pipeline, assemble_all
from dynamicrag.policy.objects import Objects
from dynamicrag.policy.sharing import load_all
from dynamicrag.records import Decision
from dynamicrag.retrieval.scan import Progress

if TYPE_CHECKING:
    from langgraph.graph import StateGraph


CLOSING_SECONDS = 5.0


class DynamicRAG(Rated, Handles, Faces):
    """Routes every stage of RAG, by one policy or by the policy that a call names.

    Resources (models, indexes, meter) belong to this object and are closed over by its nodes; they
    are never in the graph's state. One object serves any number of graphs, threads and tasks.

    Args:
        pipeline: The assembled policy.
        further: Assembled policies that a call may name.

    Example:
        >>> rag = DynamicRAG.from_policy("balanced", corpus="docs/")    # doctest: +SKIP
        >>> app = rag.build_graph().compile()                           # doctest: +SKIP
        >>> app.invoke({"messages": [("user", "Who opened the bridge?")]})  # doctest: +SKIP

    As a context manager, ``with`` or ``async with``, it closes itself.
    """

    def __init__(self, pipeline: Pipeline, further: Sequence[Pipeline] = ()) -> None:
        self.pipeline = pipeline
        self.policies = Policies(pipeline, further)
        self._nodes = Nodes(self.policies)
        attribution = pipeline.ledger.attribution
        attribution.acquire()
        self._folder = started(self.policies)
        if self._folder is not None:
            pipeline.feedback.wake = self._folder.notify
        # graphs hold the nodes, not this object: the meter runs as long as one of them exists
        self._close = weakref.finalize(
            self._nodes, _close_books, pipeline, attribution, self._folder, self.policies.roots
        )

    @property
    def recent(self) -> Recent:
        """The decisions of recent queries, for faces that decide outside the graph."""
        return self._nodes.recent

    @classmethod
    def from_policy(
        cls,
        policy: str | Path | Mapping[str, Any] | None = None,
        corpus: str | Path | Sequence[str | Path] | None = None,
        *,
        models: Mapping[str, Any] | None = None,
        retrievers: Mapping[str, Any] | None = None,
        embedder: Any = None,
        verifiers: Mapping[str, Any] | None = None,
        routers: Mapping[str, Any] | None = None,
        prompts: Mapping[str, Any] | None = None,
        policies: Mapping[str, str | Path | Mapping[str, Any]] | None = None,
    ) -> "DynamicRAG":
        """Read a policy, wire it, and start its energy meter in the background.

        Models are loaded and corpora ingested on first use. Your objects replace the policy's entries of the
        same name; prices and profiles in the policy still apply. A policy without ``models``, or without
        ``stages.retriever.options``, uses yours, weakest first.

        Args:
            policy: A preset (``frugal``, ``balanced``, ``quality``, ``support``, ``always-large``), a YAML
                file, or its content as a mapping; by default a plain policy, for objects.
            corpus: Files or folders that replace the path of each policy's first corpus.
            models: LangChain chat models or LlamaIndex LLMs, by name.
            retrievers: LangChain retrievers and vector stores, LlamaIndex retrievers, indexes and
                query engines, by option.
            embedder: LangChain Embeddings, a LlamaIndex BaseEmbedding or a SentenceTransformer, for routers,
                verifiers and corpora without ``embedding``.
            verifiers: Your verifiers, by their names in ``stages.verification.verifiers``.
            routers: Your routers, by their names in ``stages.STAGE.router``.
            prompts: Your prompts, by option of ``stages.prompt``: LangChain prompt templates, texts with
                ``{question}`` and ``{context}``, functions of the question and the passages that return
                messages, or prompt strategies.
            policies: Further policies by name, each as ``policy``. A call chooses one by
                ``config["configurable"]["rag"]["policy"]``. All share the ledger, identically described
                models and corpora, and your objects; at least one policy must name each object. The total,
                the host and the number of stored queries are set by the first policy.

        Raises:
            PolicyError: A policy is invalid, an object has the wrong type, or no policy names it.
            ModelUnavailable: A model of the policy does not exist.
        """
        objects = Objects(
            models or {}, retrievers or {}, embedder, verifiers or {}, routers or {}, prompts or {}
        )
        first, further = load_all(
            {"version": 1} if policy is None else policy,
            {} if policies is None else policies,
            corpus,
            models=objects.models,
            retrievers=objects.retrievers,
        )
        pipeline, *others = assemble_all(first, further, objects=objects)
        return cls(pipeline, others)

    @classmethod
    def observe(
        cls,
        retriever: Any,
        model: Any,
        *,
        prompt: Any = None,
        k: int | None = None,
        corpus: str | Path | Sequence[str | Path] | None = None,
        **sections: Any,
    ) -> "DynamicRAG":
        """Run your own retriever and model unchanged, and record them.

        Nothing is routed, rewritten or withheld. Account, features and signals of every question are stored
        in the run database under the policy name ``observed``, for ``dynamicrag report`` and for training.
        See :mod:`dynamicrag.graph.observe` for the records, and for the differences from the bare pipeline.

        Args:
            retriever: Your retriever, or its spec in a policy.
            model: Your chat model, or its spec in a policy, for example ``openai:gpt-4o-mini``.
            prompt: Your prompt, as for :meth:`from_policy`; by default the full-sentence built-in prompt.
            k: Number of passages in the prompt; by default the retriever's own setting.
            corpus: Files or folders for a built-in retriever.
            **sections: Further sections of the policy, for example ``host={"country": "DEU"}``.

        Raises:
            PolicyError: An object has the wrong type, or the retriever's number of passages is unknown.
        """
        policy, objects = observing(retriever, model, prompt=prompt, k=k, corpus=corpus, sections=sections)
        return cls.from_policy(policy, **objects)

    def build_graph(
        self,
        *,
        question: str | None = None,
        answer: str | None = None,
        prefix: str = "rag",
        inherits: bool = False,
        context_schema: type[Any] = RagContext,
    ) -> "StateGraph[Any, Any, Any, Any]":
        """Return the whole graph, uncompiled: the caller adds checkpointer and store.

        Args:
            question: State key of the question, as a text; by default the question is the last human message
                of ``messages``, and earlier messages are its history.
            answer: State key of the answer, as a text; by default the answer is a message in ``messages``.
            prefix: Name of our channel, of type :data:`RagChannel`. Two graphs that run side by side within
                another one need two.
            inherits: Whether the graph reads its channel from the state of a parent graph, which declares
                it, so that it knows the turn before. A subgraph with a checkpointer of its own,
                ``compile(checkpointer=True)``, knows it without.
            context_schema: Type of a run's context, if it has more keys than ``rag``.

        Raises:
            PolicyError: Invalid or repeated keys.
        """
        names = Names(prefix, question, answer)
        names.check("build_graph")
        return build_graph(self._nodes, names, inherits=inherits, context_schema=context_schema)

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
        """Add a single node to the caller's graph.

        Our channel reaches the graph even if the graph's own schema lacks it; declare ``rag: RagChannel`` in
        the schema to read it, or call :meth:`decisions`. A node works without the nodes before it: it starts
        a turn if the question has none. ``generator`` also decides the prompt, and the context if no
        ``context`` node has.

        Args:
            builder: The graph.
            name: The node's name.
            stage: ``begin``, a stage of a policy, or ``finish``, which writes the answer and the report.
            question: State key of the question, as a text; by default the question is the last human message
                of ``messages``.
            answer: State key of the answer, as a text: the draft from ``generator``, the final answer from
                ``finish``. By default ``finish`` adds a message to ``messages``.
            prefix: Name of our channel. The nodes of one path through a graph share it; parallel paths need
                one each.

        Raises:
            PolicyError: The stage is unknown, a name is taken, or a key is missing or of another type.
        """
        if stage not in self._nodes.stage_names:
            raise PolicyError(unknown(f"add_node({name!r})", "stage", stage, self._nodes.stage_names))
        names = Names(prefix, question, answer)
        check(builder, name, names, self.policies, answers=stage == "finish")
        builder.add_node(name, self._nodes.node(stage, name, names), input_schema=node_schema(names))

    def decisions(self, query_id: str) -> list[Decision]:
        """Return the decisions of a query, in order; empty if they are no longer stored. May block.

        Decisions of recent queries are in memory, and with ``runs: {text: true}`` in the run database. The
        decision log has the rest, without reasons, binding limits and the cost of choosing.

        Args:
            query_id: The id in the report and in the final message.
        """
        books = self.pipeline.bookkeeper
        found = self._nodes.recent.get(query_id) or books.kept(query_id).get("decisions")
        if found:
            return found
        logged = books.logged(query_id)
        if logged is None:
            return []
        return decisions_of(logged, "" if logged.policy == self.pipeline.policy.name else logged.policy)

    def explain(self, query_id: str, question: str | None = None) -> Explanation:
        """Explain a query by its decisions and its account. May block.

        Reads this process's memory, or else the run database, which has the path and the cost by stage.

        Args:
            query_id: ``report["query_id"]``.
            question: ``report["question"]``, for insight into the decisions of trained routers.

        Raises:
            InputError: Neither knows the query.
        """
        return explain(self.policies, query_id, self.decisions(query_id), question)

    def warm(self, progress: Progress | None = None) -> None:
        """Ingest the corpora and load the models, so that the first question does not wait. Blocks.

        Args:
            progress: Called with the amount done, the total (0: unknown) and a label.

        Raises:
            DynamicRAGError: A resource of the policy is unavailable.
        """
        warm(self.policies, progress)

    def account(self, query_id: str) -> Account:
        """Return the account of a query with the lines of all its runs; the id is ``report["query_id"]``."""
        return self.pipeline.ledger.account(query_id)

    def cost(self, query_id: str, timeout: float = 5.0, scope: Scope = "active") -> Cost:
        """Return the cost of a query over all its runs, after waiting for the meter to cover it.

        ``figures()`` has every amount with its provenance. If a price is unknown, ``known("usd")`` is
        ``None``, and ``cost["usd"]`` has the stand-in used to compare options.

        Args:
            query_id: ``report["query_id"]``.
            timeout: Longest wait in seconds; after it, unmetered joules are stand-ins, marked as such.
            scope: ``active`` is the energy added by the query's own work; ``full`` includes its share of the
                machine's constant part and of its idling.

        Raises:
            InputError: Neither this process nor the run database knows the query.
        """
        return cost_known(self.pipeline, query_id, timeout, scope)

    def budget(self) -> dict[str, dict[str, float]]:
        """Return the state of each total of the first policy, by dimension.

        The keys are ``limit``, ``spent``, ``set_aside``, ``left`` and ``overspent``. Joules and carbon are
        corrected once they are metered; :meth:`flush` waits for that.
        """
        return {name: standing.as_dict() for name, standing in self.pipeline.budget.state().items()}

    def flush(self, timeout: float = 60.0) -> bool:
        """Wait until the accounts of all finished queries are closed and stored; return whether they are.

        Feedback so far is then learnt as well, and answers that a judge marks are marked.

        Raises:
            RunsError: The run store cannot be read.
        """
        closed = [self.pipeline.after.flush(timeout), self.pipeline.bookkeeper.flush(timeout)]
        if self._folder is not None:
            self._folder.fold()
        return all(closed)

    def close(self) -> None:
        """Close the books, stop the meter and release the corpora."""
        self._close()
        for pipeline in self.policies.values():
            for corpus in pipeline.corpora.values():
                corpus.close()


def _close_books(pipeline: Pipeline, attribution: Attribution, folder: Folder | None, roots: Roots) -> None:
    roots.close()
    pipeline.after.flush(CLOSING_SECONDS)
    if folder is not None:
        folder.close()
    pipeline.bookkeeper.close(CLOSING_SECONDS)
    attribution.release()

"""The face of the package for LangGraph: from a policy to a graph, or to single nodes."""

import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dynamicrag.assembly import Pipeline, assemble_all
from dynamicrag.cost.account import Account
from dynamicrag.cost.attribution import Attribution
from dynamicrag.cost.bookkeeper import Bookkeeper
from dynamicrag.cost.vector import Cost, Scope
from dynamicrag.errors import PolicyError, unknown
from dynamicrag.graph.build import build_graph
from dynamicrag.graph.clashes import check
from dynamicrag.graph.explain import Explanation, cost_known, explain
from dynamicrag.graph.faces import Faces
from dynamicrag.graph.names import Names, node_schema
from dynamicrag.graph.nodes import Nodes
from dynamicrag.graph.observe import observing
from dynamicrag.graph.policies import Policies
from dynamicrag.graph.warm import warm
from dynamicrag.objects import Objects
from dynamicrag.retrieval.ingest import Progress
from dynamicrag.sharing import load_all
from dynamicrag.types import Decision

if TYPE_CHECKING:
    from langgraph.graph import StateGraph


CLOSING_SECONDS = 5.0


class DynamicRAG(Faces):
    """Routes every stage of RAG, by one policy or by that which a call names.

    Resources (models, indexes, meter) belong to this object and are closed over by its nodes; they
    are never in the graph's state. One object serves any number of graphs, threads and tasks.

    Args:
        pipeline: The assembled policy.
        further: Those that a call may name, assembled beside it.

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
        # graphs hold the nodes, not this object: the meter runs as long as one of them can be asked
        self._close = weakref.finalize(self._nodes, _close_books, pipeline.bookkeeper, attribution)

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

        Models are loaded and corpora ingested on first use. Objects of yours go by the names that the policy
        has for them, and stand in the place of what it says there; prices and profiles in it still hold. A
        policy that has no ``models``, or no ``stages.retriever.options``, takes yours, weakest first.

        Args:
            policy: A preset (``frugal``, ``balanced``, ``quality``, ``support``, ``always-large``), a YAML
                file, or its content as a mapping; by default a plain one, for objects.
            corpus: Files or folders that replace the path of each policy's first corpus.
            models: LangChain chat models or LlamaIndex LLMs, by name.
            retrievers: LangChain retrievers and vector stores, LlamaIndex retrievers and indexes, by option.
            embedder: LangChain Embeddings, a LlamaIndex BaseEmbedding or a SentenceTransformer, for routers,
                verifiers and the corpora that name no ``embedding``.
            verifiers: Verifiers of your own, by the names that ``stages.verification.verifiers`` lists.
            routers: Routers of your own, by the names that ``stages.STAGE.router`` says.
            prompts: Prompts of your own, by the options of ``stages.prompt`` that they are: LangChain prompt
                templates, texts with ``{question}`` and ``{context}``, functions of the question and the
                passages that return messages, or prompt strategies.
            policies: Further policies by name, each as ``policy``. A call chooses one by
                ``config["configurable"]["rag"]["policy"]``. All share the ledger, the models and corpora that
                they describe alike, and your objects, each of which one of them has to name. The total, the
                host and the number of queries kept are the first policy's alone.

        Raises:
            PolicyError: Something in a policy is wrong, an object is of the wrong type, or no policy has its
                name.
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
        """Run your own retriever and model unchanged, and keep what is seen of them.

        Nothing is routed, rewritten or withheld. Account, features and signals of every question are kept in
        the run database under the policy name ``observed``, for ``dynamicrag report`` and to learn from. See
        :mod:`dynamicrag.graph.observe` for what is kept and what is not quite as without us.

        Args:
            retriever: Your retriever, or its spec in a policy.
            model: Your chat model, or its spec in a policy, such as ``openai:gpt-4o-mini``.
            prompt: Your prompt, as for :meth:`from_policy`; by default our own, in sentences.
            k: How many passages go into the prompt; by default as many as the retriever is set to.
            corpus: Files or folders that a retriever of ours searches.
            **sections: Further sections of the policy, such as ``host={"country": "DEU"}``.

        Raises:
            PolicyError: An object is of the wrong type, or the retriever does not say its ``k``.
        """
        policy, objects = observing(retriever, model, prompt=prompt, k=k, corpus=corpus, sections=sections)
        return cls.from_policy(policy, **objects)

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
            stage: ``begin``, a stage of a policy, or ``finish``, which gives the answer and reports.
            question: Key of the graph's state that has the question, as a text; by default it is the last
                human message of ``messages``.
            answer: Key that takes the answer, as a text: the draft from ``generator``, and the final one from
                ``finish``; by default ``finish`` adds a message to ``messages``.
            prefix: Name of our channel. The nodes of one way through a graph share it; ways that run side
                by side have one each.

        Raises:
            PolicyError: Unknown stage; a name that is taken, or a key that is not there or of another type.
        """
        if stage not in self._nodes.stage_names:
            raise PolicyError(unknown(f"add_node({name!r})", "stage", stage, self._nodes.stage_names))
        names = Names(prefix, question, answer)
        check(builder, name, names, self.policies, answers=stage == "finish")
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

    def explain(self, query_id: str, question: str | None = None) -> Explanation:
        """Return why a query went the way it did: decisions and account. May block.

        From this process's memory, or from the run database, which knows the path and the cost by stage.

        Args:
            query_id: ``report["query_id"]``.
            question: ``report["question"]``, for insight into what trained routers decided from.

        Raises:
            InputError: Neither knows the query.
        """
        return explain(self.policies, query_id, self.decisions(query_id), question)

    def warm(self, progress: Progress | None = None) -> None:
        """Ingest the corpora and load the models, so that the first question waits for nothing. Blocks.

        Args:
            progress: Called with what is done, what there is in all (0: not known) and a label.

        Raises:
            DynamicRAGError: Something that the policy needs cannot be had.
        """
        warm(self.policies, progress)

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

        Raises:
            InputError: Neither this process nor the run database knows the query.
        """
        return cost_known(self.pipeline, query_id, timeout, scope)

    def budget(self) -> dict[str, dict[str, float]]:
        """Return how each total of the first policy stands, by dimension.

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
        for pipeline in self.policies.values():
            for corpus in pipeline.corpora.values():
                corpus.close()


def _close_books(bookkeeper: Bookkeeper, attribution: Attribution) -> None:
    bookkeeper.flush(CLOSING_SECONDS)
    attribution.release()

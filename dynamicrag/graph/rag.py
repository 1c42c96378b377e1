"""The face of the package for LangGraph: from a policy to a graph or to single nodes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dynamicrag.errors import PolicyError, unknown
from dynamicrag.graph.build import build_graph
from dynamicrag.graph.clashes import check
from dynamicrag.graph.context import RagContext
from dynamicrag.graph.handles import Handles
from dynamicrag.graph.lifetime import Lifetime
from dynamicrag.graph.names import Names, node_schema
from dynamicrag.graph.nodes import Nodes
from dynamicrag.graph.observe import observing
from dynamicrag.graph.policies import Policies
from dynamicrag.graph.queries import Queries
from dynamicrag.policy.assembly import Pipeline, assemble_all
from dynamicrag.policy.objects import Objects
from dynamicrag.policy.sharing import load_all

if TYPE_CHECKING:
    from langgraph.graph import StateGraph


class DynamicRAG(Queries, Handles, Lifetime):
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
        policies = Policies(pipeline, further)
        self._nodes = Nodes(policies)
        super().__init__(policies, self._nodes)

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

    def budget(self) -> dict[str, dict[str, float]]:
        """Return the state of each total of the first policy, by dimension.

        The keys are ``limit``, ``spent``, ``set_aside``, ``left`` and ``overspent``. Joules and carbon are
        corrected once they are metered; :meth:`flush` waits for that.
        """
        return {name: standing.as_dict() for name, standing in self.pipeline.budget.state().items()}

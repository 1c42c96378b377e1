"""Every stage of RAG is a routing decision, under one budget of money, time, energy and carbon.

To use it:

- ``DynamicRAG``: a policy as a LangGraph graph, or as single nodes for your graph.
- ``load_policy``, ``Policy``: a policy file, read and checked.
- ``DynamicRAGMiddleware``: routing for LangChain's agents.
- ``RagState``: the state of the graph; ``RagChannel`` is the type of our key, to declare in your state.
- ``RagContext``: the context of a run, which configures an assistant of LangGraph Server.
- ``Explanation``: the decisions and the account of a query.
- ``Decision``, ``Passage``: records in the state of a choice, and of a piece of a document.
- ``RoutedChatModel``: a LangChain chat model that chooses one of the policy's models for each call.
- ``Cost``: an amount of money, seconds, joules and carbon, each with its provenance.

To extend it, register a class under a name for policies, ``@ROUTERS.register("mine")``:

- ``Router``: chooses an option; it receives a ``StageContext`` and returns a ``Choice``.
- ``Retriever``: finds passages; it is built from a ``RetrievalContext`` and returns ``Retrieved``.
- ``Verifier``: judges a draft on its ``Evidence`` by a ``Signal``; ``ModelVerifier`` asks a model, and
  ``Asks`` describes these calls.
- ``StageBase``: executes your stage, which ``add_stage`` adds by its row, a ``Stage``; it changes a
  ``TurnState`` within a ``Run``, and a ``Plan`` for its expected cost.
- ``DimensionRow``: a cost dimension derived from another by a ``Coefficient``; ``DIMENSIONS`` has them.
- ``PromptStrategy``: writes the prompt and reads the ``Answer``.
- ``Features``: turns queries, each a ``Seen``, into numbers for learnt routers.
- ``Predictor``: learns each option's quality and returns an ``Estimate``.
- ``ROUTERS``, ``RETRIEVERS``, ``VERIFIERS``, ``PROMPTS``, ``FEATURES``, ``PREDICTORS``: the registries.
- ``Dependencies``: the value of a constructor's ``deps``: models, corpora, embedder.
- ``Embedder``, ``ChatModel``: the interfaces of embedding and chat models, for libraries without an adapter.
- ``Option``, ``Query``, ``Usage``: a named alternative, a question, and the consumption of a call.

Errors, all of them a ``DynamicRAGError``: ``PolicyError``, ``InputError``, ``CorpusError``, ``ModelError``,
``ModelUnavailable``, ``ProviderError``, ``VerifierError``, ``BudgetExceeded``; see :mod:`dynamicrag.errors`.

Stand-ins for tests are in :mod:`dynamicrag.testing`.
"""

from typing import TYPE_CHECKING

from dynamicrag.lazy_names import lazily

if TYPE_CHECKING:
    from dynamicrag.cost.dimension_table import Coefficient, DimensionRow
    from dynamicrag.cost.dimensions import DIMENSIONS
    from dynamicrag.cost.expect import Asks, Plan
    from dynamicrag.cost.vector import Cost
    from dynamicrag.dependencies import Dependencies
    from dynamicrag.errors import (
        BudgetExceeded,
        CorpusError,
        DynamicRAGError,
        InputError,
        ModelError,
        ModelUnavailable,
        PolicyError,
        ProviderError,
        VerifierError,
    )
    from dynamicrag.faces.langchain.chat_model import RoutedChatModel
    from dynamicrag.faces.langchain.middleware import DynamicRAGMiddleware
    from dynamicrag.features.base import FEATURES, Features, Seen
    from dynamicrag.graph.channel import RagChannel
    from dynamicrag.graph.context import RagContext
    from dynamicrag.graph.explain import Explanation
    from dynamicrag.graph.names import RagState
    from dynamicrag.graph.rag import DynamicRAG
    from dynamicrag.llm.chat import ChatModel
    from dynamicrag.llm.prompts.base import PROMPTS, Answer, PromptStrategy
    from dynamicrag.policy.file import load_policy
    from dynamicrag.policy.policy import Policy
    from dynamicrag.predictors.base import PREDICTORS, Predictor
    from dynamicrag.predictors.estimate import Estimate
    from dynamicrag.records import Decision, Passage
    from dynamicrag.retrieval.base import RETRIEVERS, RetrievalContext, Retrieved, Retriever
    from dynamicrag.retrieval.embedder import Embedder
    from dynamicrag.routers.base import ROUTERS, Choice, Router, StageContext
    from dynamicrag.stages.adding import add_stage
    from dynamicrag.stages.base import Run, StageBase
    from dynamicrag.topology import Stage
    from dynamicrag.turn import TurnState
    from dynamicrag.types import Option, Query, Usage
    from dynamicrag.verify.base import VERIFIERS, Evidence, ModelVerifier, Signal, Verifier

_HOMES = {
    "cost.dimension_table": ("Coefficient", "DimensionRow"),
    "cost.dimensions": ("DIMENSIONS",),
    "cost.expect": ("Asks", "Plan"),
    "cost.vector": ("Cost",),
    "dependencies": ("Dependencies",),
    "errors": (
        "BudgetExceeded",
        "CorpusError",
        "DynamicRAGError",
        "InputError",
        "ModelError",
        "ModelUnavailable",
        "PolicyError",
        "ProviderError",
        "VerifierError",
    ),
    "faces.langchain.chat_model": ("RoutedChatModel",),
    "faces.langchain.middleware": ("DynamicRAGMiddleware",),
    "features.base": ("FEATURES", "Features", "Seen"),
    "graph.rag": ("DynamicRAG",),
    "graph.channel": ("RagChannel",),
    "graph.context": ("RagContext",),
    "graph.explain": ("Explanation",),
    "graph.names": ("RagState",),
    "llm.chat": ("ChatModel",),
    "llm.prompts.base": ("PROMPTS", "Answer", "PromptStrategy"),
    "policy.file": ("load_policy",),
    "policy.policy": ("Policy",),
    "predictors.base": ("PREDICTORS", "Predictor"),
    "predictors.estimate": ("Estimate",),
    "records": ("Decision", "Passage"),
    "retrieval.base": ("RETRIEVERS", "RetrievalContext", "Retrieved", "Retriever"),
    "retrieval.embedder": ("Embedder",),
    "routers.base": ("ROUTERS", "Choice", "Router", "StageContext"),
    "stages.adding": ("add_stage",),
    "stages.base": ("Run", "StageBase"),
    "topology": ("Stage",),
    "turn": ("TurnState",),
    "types": ("Option", "Query", "Usage"),
    "verify.base": ("VERIFIERS", "Evidence", "ModelVerifier", "Signal", "Verifier"),
}
"""Modules of the package, and the public names of each."""

__all__ = [
    "DIMENSIONS",
    "FEATURES",
    "PREDICTORS",
    "PROMPTS",
    "RETRIEVERS",
    "ROUTERS",
    "VERIFIERS",
    "Answer",
    "Asks",
    "BudgetExceeded",
    "ChatModel",
    "Choice",
    "Coefficient",
    "CorpusError",
    "Cost",
    "Decision",
    "Dependencies",
    "DimensionRow",
    "DynamicRAG",
    "DynamicRAGError",
    "DynamicRAGMiddleware",
    "Embedder",
    "Estimate",
    "Evidence",
    "Explanation",
    "Features",
    "InputError",
    "ModelError",
    "ModelUnavailable",
    "ModelVerifier",
    "Option",
    "Passage",
    "Plan",
    "Policy",
    "PolicyError",
    "Predictor",
    "PromptStrategy",
    "ProviderError",
    "Query",
    "RagChannel",
    "RagContext",
    "RagState",
    "RetrievalContext",
    "Retrieved",
    "Retriever",
    "RoutedChatModel",
    "Router",
    "Run",
    "Seen",
    "Signal",
    "Stage",
    "StageBase",
    "StageContext",
    "TurnState",
    "Usage",
    "Verifier",
    "VerifierError",
    "add_stage",
    "load_policy",
]


__getattr__ = lazily(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted(__all__)

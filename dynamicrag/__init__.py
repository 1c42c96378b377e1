"""Every stage of RAG is a routing decision, under one budget of money, time, energy and carbon."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dynamicrag.errors import (
        BudgetExceeded,
        CorpusError,
        DynamicRAGError,
        InputError,
        ModelError,
        ModelUnavailable,
        PolicyError,
        ProviderError,
    )
    from dynamicrag.graph.channel import RagChannel
    from dynamicrag.graph.names import RagState
    from dynamicrag.graph.rag import DynamicRAG
    from dynamicrag.policy import Policy
    from dynamicrag.policy_file import load_policy

__all__ = [
    "BudgetExceeded",
    "CorpusError",
    "DynamicRAG",
    "DynamicRAGError",
    "InputError",
    "ModelError",
    "ModelUnavailable",
    "Policy",
    "PolicyError",
    "ProviderError",
    "RagChannel",
    "RagState",
    "load_policy",
]

_HOMES = {
    "DynamicRAG": "dynamicrag.graph.rag",
    "RagChannel": "dynamicrag.graph.channel",
    "RagState": "dynamicrag.graph.names",
    "Policy": "dynamicrag.policy",
    "load_policy": "dynamicrag.policy_file",
}


def __getattr__(name: str) -> Any:
    # importing the package must stay light; LangGraph and the rest come with the first use
    if name not in __all__:
        raise AttributeError(f"module 'dynamicrag' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES.get(name, "dynamicrag.errors")), name)


def __dir__() -> list[str]:
    return sorted(__all__)

"""Dependencies of registered classes, besides their YAML parameters.

A class that needs them has a keyword-only constructor parameter ``deps``, which the registry fills and
YAML cannot set::

    @ROUTERS.register("mine")
    class Mine(Router):
        def __init__(self, *, option: str, deps: Dependencies) -> None: ...

The objects belong to higher floors, so only their roles are known here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Dependencies"]


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The objects of one policy.

    Attributes:
        models: Its chat models by name, weakest first; each a :class:`~dynamicrag.llm.chat.ChatModel`.
        descriptions: Descriptions of its models, by name; models without one are left out.
        helper: Name of the model for small tasks, if any.
        embedder: The :class:`~dynamicrag.retrieval.embedder.Embedder` of routers and verifiers, a callable
            that returns unit vectors, (n, d).
        embedding: The :class:`~dynamicrag.cost.profiles.Profile` of the embedder.
        embeds: Whether its retrievers embed every question, so that a router can use the vector as well.
        corpora: Its corpora by name; each a :class:`~dynamicrag.retrieval.corpus.Corpus`.
        folder: Base of relative paths in the policy.
        weights: Quality that one unit of each cost dimension is worth.
        budget: The :class:`~dynamicrag.cost.budget.Budget` of its queries, if there is one.
        profiles: The :class:`~dynamicrag.cost.profiles.Profile` of every model, by its name in the policy.
        trust: Whether modules named by the policy may be imported, which runs them.
        routers: The caller's routers, by their names in the policy.
        retrievers: The caller's retrievers, by option.
        verifiers: The caller's verifiers, by their names in the policy.
        prompts: The caller's prompt strategies, by option.
    """

    models: Mapping[str, Any] = field(default_factory=dict)
    descriptions: Mapping[str, str] = field(default_factory=dict)
    helper: str | None = None
    embedder: Any = None
    embedding: Any = None
    embeds: bool = False
    corpora: Mapping[str, Any] = field(default_factory=dict)
    folder: Path = Path()
    weights: Mapping[Any, float] = field(default_factory=dict)
    budget: Any = None
    profiles: Mapping[str, Any] = field(default_factory=dict)
    trust: bool = True
    routers: Mapping[str, Any] = field(default_factory=dict)
    retrievers: Mapping[str, Any] = field(default_factory=dict)
    verifiers: Mapping[str, Any] = field(default_factory=dict)
    prompts: Mapping[str, Any] = field(default_factory=dict)

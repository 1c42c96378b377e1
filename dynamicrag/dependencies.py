"""What registered classes may be built with besides their YAML parameters.

A class that needs any of it has a keyword-only constructor parameter ``deps``, which the registry fills and
no YAML can give::

    @ROUTERS.register("mine")
    class Mine(Router):
        def __init__(self, *, option: str, deps: Dependencies) -> None: ...

The objects belong to higher floors, so they are known here by their part alone.
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
        helper: Name of the model that does the small jobs, if there is one.
        embedder: The :class:`~dynamicrag.retrieval.embedder.Embedder` of routers and verifiers, a callable
            that returns unit vectors, (n, d).
        corpora: Its corpora by name; each a :class:`~dynamicrag.retrieval.corpus.Corpus`.
        folder: What paths in the policy are relative to.
        weights: Quality that one unit of each cost dimension is worth.
        trust: Whether modules that the policy names may be imported, which runs them.
        routers: The caller's own routers, by the names that the policy uses.
        retrievers: The caller's own retrievers, by the options that they are.
        verifiers: The caller's own verifiers, by the names that the policy uses.
        prompts: The caller's own prompt strategies, by the options that they are.
    """

    models: Mapping[str, Any] = field(default_factory=dict)
    helper: str | None = None
    embedder: Any = None
    corpora: Mapping[str, Any] = field(default_factory=dict)
    folder: Path = Path()
    weights: Mapping[Any, float] = field(default_factory=dict)
    trust: bool = True
    routers: Mapping[str, Any] = field(default_factory=dict)
    retrievers: Mapping[str, Any] = field(default_factory=dict)
    verifiers: Mapping[str, Any] = field(default_factory=dict)
    prompts: Mapping[str, Any] = field(default_factory=dict)

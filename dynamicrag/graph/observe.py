"""Policies for the first day: run a user's fixed pipeline unchanged, and record it.

One option per stage, and every draft is accepted. Recorded for every question: the account, the features that
stages would decide from, and the signals of verifiers that cost nothing. Routing can use and learn from
these.

Three things differ from the bare pipeline: prompts are sent with a token limit, log-probabilities are
requested if the provider has them, and the thoughts of reasoning models are removed from their answers.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dynamicrag.errors import PolicyError
from dynamicrag.retrieval.adapters import adapt_retriever

__all__ = ["SIGNALS", "observing"]

SIGNALS = (
    "unanswerable",
    "groundedness",
    "entity_coverage",
    "token_margin",
    "sequence_probability",
    "entropy",
)
"""Verifiers that ask no model and load none."""
STORES = 4
"""Default number of passages of a LangChain vector store."""
OURS = {"direct": {"style": "full"}}
RETRIEVER, MODEL, PROMPT = "retriever", "model", "prompt"


def observing(
    retriever: Any,
    model: Any,
    *,
    prompt: Any = None,
    k: int | None = None,
    corpus: str | Path | Sequence[str | Path] | None = None,
    sections: Mapping[str, Any] | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the policy of a fixed pipeline, and the caller's objects as arguments of ``from_policy``.

    The arguments are those of :meth:`.DynamicRAG.observe`.

    Raises:
        PolicyError: The retriever's number of passages is unknown, or a section is given twice.
    """
    objects: dict[str, Any] = {}
    options: Any = {RETRIEVER: retriever}
    if not isinstance(retriever, str | Mapping):
        options, objects["retrievers"] = [RETRIEVER], {RETRIEVER: retriever}
    named: Any = {"model": model} if isinstance(model, str) else model
    if not isinstance(named, Mapping):
        named, objects["models"] = {}, {MODEL: model}
    if prompt is not None:
        objects["prompts"] = {PROMPT: prompt}
    policy: dict[str, Any] = {
        "version": 1,
        "observe": True,
        "models": {MODEL: dict(named)},
        "stages": {
            "retriever": {"options": options},
            "context": {"options": {"theirs": {"chunks": _passages(retriever, k)}}},
            "prompt": {"options": OURS if prompt is None else [PROMPT]},
            "verification": {"options": ["accept"], "verifiers": list(SIGNALS)},
        },
    }
    if corpus is not None:
        paths = [corpus] if isinstance(corpus, str | Path) else corpus
        policy["corpora"] = {"docs": {"path": [str(path) for path in paths]}}
    for name in sections or {}:
        if name in policy:
            raise PolicyError(
                f"observe: {name!r} is set by observe itself; write a policy with 'observe: true'"
            )
    return {**policy, **(sections or {})}, objects


def _passages(retriever: Any, k: int | None) -> int:
    """Return the number of passages in the prompt: ``k``, or the retriever's own setting."""
    if not isinstance(retriever, str | Mapping):
        adapt_retriever(retriever, RETRIEVER)  # refuses other objects first
    if k is not None:
        if isinstance(k, bool) or not isinstance(k, int) or k < 1:
            raise PolicyError(f"observe: k is {k!r}; valid: the number of passages in the prompt, 1 or more")
        return k
    search = getattr(retriever, "search_kwargs", None)
    known = search.get("k") if isinstance(search, Mapping) else None
    for name in ("k", "similarity_top_k", "top_k"):
        known = known or getattr(retriever, name, None)
    known = known or (STORES if hasattr(retriever, "vectorstore") else None)
    if not isinstance(known, int):
        raise PolicyError(
            f"observe: the number of passages of a {type(retriever).__name__} is unknown; set the number "
            "in the prompt: k=4"
        )
    return known

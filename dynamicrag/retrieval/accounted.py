"""Embedding on an account: every call is a line of a ledger."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import Any

from dynamicrag.retrieval.embedder import Embedder, Vectors
from dynamicrag.types import Usage

Account = Callable[[], AbstractContextManager[Any]]
"""Opens a ledger line, whose ``usage`` the caller sets."""


def unaccounted() -> AbstractContextManager[Any]:
    """Open a line outside any ledger."""
    return nullcontext(SimpleNamespace())


def embed(embedder: Embedder, texts: Sequence[str], account: Account) -> tuple[Vectors, Usage]:
    """Embed documents on a line of their own; return the vectors, (n, d), and the usage."""
    with account() as line:
        vectors, line.usage = embedder.embed_measured(texts)
        return vectors, line.usage

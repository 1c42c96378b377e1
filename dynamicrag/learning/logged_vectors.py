"""An embedder that serves the vectors of logged questions, and embeds all other texts itself."""

from collections.abc import Mapping, Sequence

import numpy as np

from dynamicrag.errors import InputError
from dynamicrag.retrieval.embedder import Embedder, Vectors
from dynamicrag.store.logged import LoggedQuery, Vector
from dynamicrag.types import Usage

MARK = "\x00logged question "
"""Begins the text that represents a question whose words are not stored."""


def text_of(query: LoggedQuery) -> str:
    """Return the question, or a text that represents it if its words are not stored."""
    return query.text or f"{MARK}{query.id}"


class LoggedVectors(Embedder):
    """Serves logged vectors under the name of a policy's embedder, which embeds other texts.

    Args:
        own: The policy's embedder.
        queries: The logged queries; a vector of another embedding model is not served.
    """

    def __init__(self, own: Embedder, queries: Sequence[LoggedQuery]) -> None:
        super().__init__(own.name)
        self._own = own
        self.runs, self.symmetric, self.named, self.scale = own.runs, own.symmetric, own.named, own.scale
        self._vectors: Mapping[str, Vector] = {
            text_of(query): query.vector
            for query in queries
            if query.embedder == own.name and len(query.vector)
        }

    def has(self, query: LoggedQuery) -> bool:
        """Return whether a query can be embedded: by its stored vector, or by its stored words."""
        return bool(query.text) or text_of(query) in self._vectors

    def encode(self, texts: Sequence[str], *, query: bool) -> tuple[Vectors, Usage]:
        """See the base class.

        Raises:
            InputError: The words of a question are not stored, and its vector is not either.
        """
        known = [self._vectors.get(text) for text in texts]
        missing = [text for text, vector in zip(texts, known, strict=True) if vector is None]
        if any(text.startswith(MARK) for text in missing):
            raise InputError("a logged question has neither words nor a vector of this embedding model")
        if missing:
            fresh = iter(self._own.embed_measured(missing, query=query)[0])
            return np.stack([next(fresh) if v is None else np.asarray(v, np.float32) for v in known]), Usage()
        return np.stack([np.asarray(v, np.float32) for v in known]), Usage()

    def reads(self, text: str) -> bool:
        """Return whether there is a logged vector for ``text``, or the policy's embedder can read it."""
        return text in self._vectors or self._own.reads(text)

    def tokenize(self, text: str) -> list[int]:
        """See the base class."""
        return self._own.tokenize(text)

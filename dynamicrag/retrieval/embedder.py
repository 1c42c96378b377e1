"""The contract of an embedder: texts in, unit vectors out.

An embedder for your own library or service is a class with a name and one method::

    class Mine(Embedder):
        def __init__(self) -> None:
            super().__init__("mine-v1")          # part of the key of every index made with it

        def encode(self, texts: Sequence[str], *, query: bool) -> tuple[Vectors, Usage]:
            return np.asarray(my_client.embed(list(texts)), dtype=np.float32), Usage(calls=1)
"""

import asyncio
import math
import re
import threading
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import nullcontext
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynamicrag.errors import ProviderError
from dynamicrag.types import Runs, Usage

__all__ = ["MINILM", "Embedder", "Scale", "Vectors"]

Vectors = NDArray[np.float32]

RECENT = 256
"""Number of single texts whose vectors are cached."""
LETTERS = 4
"""Approximate letters per token of English words."""
_PIECE = re.compile(r"[A-Za-z]+|\d{1,3}|\S")


class Scale(NamedTuple):
    """The scale of a model's cosines, measured on questions and passages.

    Attributes:
        similar: Cosine from which a passage is near a question, independent of words.
        strange: Cosine below which a question may be unrelated to the passages.
    """

    similar: float
    strange: float

    def standard(self, cosine: float) -> float:
        """Return a cosine converted to the scale of all-MiniLM."""
        share = (cosine - self.strange) / (self.similar - self.strange)
        return MINILM.strange + share * (MINILM.similar - MINILM.strange)


MINILM = Scale(similar=0.35, strange=0.22)
"""The scale of all-MiniLM-L6-v2, used by :mod:`dynamicrag.features.nearness`."""


class Embedder(ABC):
    """Embeds texts as unit vectors; safe for concurrent use.

    In this process one thread embeds at a time, because libraries use all cores for each call; services are
    called concurrently. The vectors of the latest single texts are cached, so that the question of a turn is
    embedded only once.

    Args:
        name: Name of the model; part of the key of an index made with it.

    Attributes:
        name: As given.
        runs: The place that it computes at.
        symmetric: Whether it embeds questions and documents in the same way.
        named: Whether the name identifies the model; otherwise an index is checked by the vectors of a few
            texts.
        scale: Scale of its cosines; ``None`` if not measured: then nearness uses only words.
    """

    runs: Runs = "in_process"
    symmetric = False
    named = True
    scale: Scale | None = None

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._recent: OrderedDict[tuple[str, bool], Vectors] = OrderedDict()

    @abstractmethod
    def encode(self, texts: Sequence[str], *, query: bool) -> tuple[Vectors, Usage]:
        """Embed ``texts``, at least one; blocks.

        Args:
            texts: The texts.
            query: Whether they are questions, for models that embed these differently from documents.

        Returns:
            Vectors of one length, (n, d), of any norm; and the usage.

        Raises:
            ModelError: Embedding failed.
        """

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed ``texts``.

        Returns:
            ``(n, d)`` float32, each row of length 1; d is the model's.

        Raises:
            ModelError: Embedding failed.
        """
        return self.embed_measured(texts)[0]

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """As :meth:`embed`, so that an embedder can be used as a function."""
        return self.embed(texts)

    async def aembed(self, texts: Sequence[str]) -> Vectors:
        """As :meth:`embed`, off the event loop."""
        return (await self.aembed_measured(texts))[0]

    def embed_measured(self, texts: Sequence[str], *, query: bool = False) -> tuple[Vectors, Usage]:
        """As :meth:`embed`, with the usage; ``query`` says that the texts are questions."""
        if len(texts) == 0:
            return np.zeros((0, 0), dtype=np.float32), Usage()
        key = (texts[0], query and not self.symmetric)
        if len(texts) == 1 and (known := self._recent.get(key)) is not None:
            return known.copy(), Usage()
        self.load()  # waiting for the weights and for other threads is not part of the usage
        with self._turn if self.runs == "in_process" else nullcontext():
            vectors, usage = self.encode(texts, query=query)
        vectors = _unit(vectors, len(texts), self.name)
        if len(texts) == 1:
            with self._lock:
                self._recent[key] = vectors.copy()
                if len(self._recent) > RECENT:
                    self._recent.popitem(last=False)
        return vectors, usage

    async def aembed_measured(self, texts: Sequence[str], *, query: bool = False) -> tuple[Vectors, Usage]:
        """As :meth:`embed_measured`, off the event loop."""
        return await asyncio.to_thread(self.embed_measured, texts, query=query)

    def readable_measured(self, texts: Sequence[str]) -> tuple[Vectors, Usage]:
        """As :meth:`embed_measured`, with NaN for texts that the model cannot read."""
        vectors, usage = self.embed_measured(texts)
        vectors[[not self.reads(text) for text in texts]] = np.nan
        return vectors, usage

    def load(self) -> None:  # noqa: B027 - most have nothing to load
        """Make the model ready. Blocks.

        Raises:
            ModelUnavailable: The model is unavailable.
        """

    def reads(self, text: str) -> bool:  # noqa: ARG002
        """Return whether the model can read ``text``; true by default."""
        return True

    def recent(self, text: str, *, query: bool = True) -> Vectors | None:
        """Return the vector of a text if it is in the cache, (d,); else ``None``, and nothing is computed.

        Args:
            text: The text.
            query: Whether its vector as a search query will do, if that as a text is not in the cache.
        """
        with self._lock:
            known = self._recent.get((text, False))
            if known is None and query:
                known = self._recent.get((text, True))
        return None if known is None else np.array(known[0])

    def forget(self) -> None:
        """Clear the cache of the latest texts, so that the next call computes again."""
        with self._lock:
            self._recent.clear()

    def tokenize(self, text: str) -> list[int]:
        """Split ``text`` into tokens for chunking; by default an estimate from the letters."""
        return [1] * sum(math.ceil(len(piece) / LETTERS) for piece in _PIECE.findall(text))


def _unit(vectors: object, count: int, name: str) -> Vectors:
    """Return vectors normalised to length 1, and refuse invalid ones."""
    try:
        found = np.array(vectors, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise ProviderError(f"embedder {name}: gave no vectors of one length: {error}") from error
    if found.ndim != 2 or len(found) != count or not found.shape[1] or not np.isfinite(found).all():
        raise ProviderError(
            f"embedder {name}: gave numbers of shape {found.shape} for {count} texts; valid: one finite "
            "vector for each, all of one length"
        )
    norms = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found / np.where(norms == 0, 1, norms), dtype=np.float32)

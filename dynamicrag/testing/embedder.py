"""An embedder without weights."""

import hashlib
import re
import time
from collections.abc import Sequence

import numpy as np

from dynamicrag.retrieval.embedder import MINILM, Embedder, Vectors
from dynamicrag.types import Usage

__all__ = ["FakeEmbedder"]


class FakeEmbedder(Embedder):
    """A bag of hashed words: deterministic, without ties, similar if words are shared.

    Args:
        pause: Duration of embedding in seconds.
        size: Length of the vectors.
        name: Name of the model.

    Attributes:
        asked: The embedded texts, in order.
    """

    symmetric = True
    scale = MINILM

    def __init__(self, pause: float = 0.0, *, size: int = 64, name: str = "fake") -> None:
        super().__init__(name)
        self.asked: list[str] = []
        self.pause = pause
        self.size = size

    def encode(self, texts: Sequence[str], *, query: bool) -> tuple[Vectors, Usage]:
        """See the contract; usage is always a quarter of a second and half a CPU-second per call."""
        del query
        self.asked += texts
        time.sleep(self.pause)
        vectors = np.zeros((len(texts), self.size), dtype=np.float32)
        for row, text in enumerate(texts):
            digest = np.frombuffer(hashlib.sha512(text.encode(errors="replace")).digest(), dtype=np.uint8)
            vectors[row] = np.resize(digest, self.size) / 1000  # avoids ties
            for word in re.findall(r"\w+", text.lower()):
                first = hashlib.sha256(word.encode(errors="replace")).digest()[0]
                vectors[row, first % self.size] += 1
        return vectors, Usage(calls=1, seconds=0.25, cpu_seconds=0.5)

    def tokenize(self, text: str) -> list[int]:
        """Split into words and signs."""
        return [1] * len(re.findall(r"\w+|[^\w\s]", text))

"""Checks whether an index was made with the current embedder, if the embedder's name does not tell."""

from pathlib import Path

import numpy as np

from dynamicrag.retrieval.accounted import Account, embed
from dynamicrag.retrieval.embedder import Embedder, Vectors

__all__ = ["Probe"]

TEXTS = (
    "The old bridge of the town",
    "When does the ferry leave?",
    "Kündigungsfrist: drei Monate",
    "x = f(y) + 1871",
)
CLOSE = 1e-3
"""Tolerance between two vectors of one model, in each number: services round."""


class Probe:
    """The vectors of a few texts, stored beside an index and compared with the embedder's current ones.

    The embedder is called once, at the first dense use; never if its name identifies the model.

    Args:
        folder: The corpus's folder.
        embedder: The embedder.
        account: Opens a line on the ledger for that call.
    """

    def __init__(self, folder: Path, embedder: Embedder, account: Account) -> None:
        self._file = folder / "embedder.npy"
        self._embedder = embedder
        self._account = account
        self._vectors: Vectors | None = None

    def same(self) -> bool:
        """Return whether the index was made with this embedder.

        Raises:
            ModelError: The embedder failed.
        """
        if self._embedder.named:
            return True
        try:
            kept = np.load(self._file, allow_pickle=False)
        except (OSError, ValueError, EOFError):  # missing or damaged
            return False
        own = self._own()
        return kept.shape == own.shape and bool(np.allclose(kept, own, atol=CLOSE))

    def keep(self) -> None:
        """Record that the index now belongs to this embedder."""
        if not self._embedder.named:
            np.save(self._file, self._own(), allow_pickle=False)

    def _own(self) -> Vectors:
        if self._vectors is None:
            self._vectors, _ = embed(self._embedder, TEXTS, self._account)
        return self._vectors

"""Directions of question embeddings: a few numbers in place of hundreds, for learners with few rewards."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import shake_256
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.state import State, whole
from dynamicrag.priors.shipping import KIND, MEND, Shipped

FILE = "directions.npz"
DIMENSIONS = 64
"""Number of directions."""


@dataclass(frozen=True, slots=True)
class Directions:
    """A projection of embeddings; a typical question's has length 1.

    Attributes:
        centre: The embedding at the origin, (e,).
        components: The directions, (e, 64).
        embedder: Name of the embedding model; ``""`` for any.
    """

    centre: Floats
    components: Floats
    embedder: str = ""

    @classmethod
    def fit(cls, vectors: Sequence[ArrayLike], embedder: str) -> Self:
        """Return the principal directions of questions.

        Args:
            vectors: Unit vectors of the questions of each source, (n, e) each; every source counts alike.
            embedder: Name of the embedding model.
        """
        tables = [np.asarray(each, dtype=np.float64) for each in vectors]
        centre = np.mean([each.mean(axis=0) for each in tables], axis=0)
        scatter = np.mean([(each - centre).T @ (each - centre) / len(each) for each in tables], axis=0)
        variances, found = np.linalg.eigh(scatter)
        kept = found[:, ::-1][:, :DIMENSIONS]
        kept = kept * np.sign(kept[np.abs(kept).argmax(axis=0), range(kept.shape[1])])
        components = np.zeros((len(centre), DIMENSIONS))  # a short embedding has fewer directions
        components[:, : kept.shape[1]] = kept / np.sqrt(variances[::-1][:DIMENSIONS].sum())
        return cls(centre, components, embedder)

    @classmethod
    def random(cls, size: int) -> Self:
        """Return a projection by random signs, for embedding models without learnt directions.

        It keeps lengths on average (Achlioptas 2003, "Database-friendly random projections"). The signs come
        from a hash, because random generators may change between releases.

        Args:
            size: Length of the embeddings, e.
        """
        bits = shake_256(f"directions:{size}".encode()).digest(size * DIMENSIONS // 8)
        signs = np.unpackbits(np.frombuffer(bits, dtype=np.uint8)).reshape(size, DIMENSIONS)
        return cls(np.zeros(size), (2.0 * signs - 1.0) / np.sqrt(DIMENSIONS))

    def __call__(self, vector: ArrayLike) -> Floats:
        """Return the projection of an embedding, (64,)."""
        return np.asarray((np.asarray(vector, dtype=np.float64) - self.centre) @ self.components)

    def save(self, path: Path | str) -> Path:
        """Write to a file, and return its path. The same directions give the same bytes."""
        arrays = {name: getattr(self, name).astype(np.float32) for name in ("centre", "components")}
        return State({"embedder": self.embedder}, arrays).save(path)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Load a file written by :meth:`save`.

        Raises:
            PolicyError: The file is missing or damaged.
        """
        state = State.load(path, kind=KIND, mend=MEND)
        with whole(str(path), f"whole {KIND}", MEND):
            centre, components = (state.arrays[name].astype(np.float64) for name in ("centre", "components"))
            if components.shape != (len(centre), DIMENSIONS):
                raise ValueError(f"its directions have the shape {components.shape}")
            return cls(centre, components, str(state.meta["embedder"]))


shipped_directions = Shipped(FILE, Directions.load)


@lru_cache(maxsize=8)
def directions(embedder: str, size: int) -> Directions:
    """Return the directions for an embedding model.

    Args:
        embedder: Its name.
        size: Length of its embeddings.

    Raises:
        PolicyError: The shipped file is missing or damaged.
    """
    shipped = shipped_directions()
    if embedder == shipped.embedder and size == len(shipped.centre):
        return shipped
    return Directions.random(size)

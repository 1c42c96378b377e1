"""The learnt parts of the prior, in one file of arrays and JSON."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

from dynamicrag.predictors.state import State, whole
from dynamicrag.priors.generation import Generation
from dynamicrag.priors.shipping import KIND, MEND, Shipped, check_version

VERSION = 1
"""Version of the knowledge; raised whenever older code would misread it."""
FILE = "prior.npz"


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The learnt parts of the prior.

    Attributes:
        generation_embedding: Generator and retrieval, for policies whose embedder is the one of training.
        generation_lexical: The same from lexical features alone.
    """

    generation_embedding: Generation
    generation_lexical: Generation

    def generation(self, embedder: str = "") -> Generation:
        """Return the item-response model for an embedding model's name; the lexical one for any other."""
        known = embedder and embedder == self.generation_embedding.features.embedder
        return self.generation_embedding if known else self.generation_lexical

    @property
    def embedder(self) -> str:
        """Name of the embedding model whose vectors the prior reads."""
        return self.generation_embedding.features.embedder

    def save(self, path: Path | str) -> Path:
        """Write to a file, and return its path. The same knowledge gives the same bytes.

        Raises:
            PolicyError: It cannot be written.
        """
        parts = {field.name: getattr(self, field.name).state() for field in fields(self)}
        return State.of({"version": VERSION}, parts).save(path)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Load a file written by :meth:`save`.

        Raises:
            PolicyError: The file is missing, damaged, or of another version.
        """
        state = State.load(path, kind=KIND, mend=MEND)
        check_version(path, state.meta.get("version"), VERSION)
        with whole(str(path), f"whole {KIND}", MEND):
            names = [field.name for field in fields(cls)]
            return cls(**{name: Generation.from_state(state.part(name)) for name in names})


shipped = Shipped(FILE, Knowledge.load)
"""Returns the knowledge in the package."""

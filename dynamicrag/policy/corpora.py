"""The section ``corpora`` of a policy: files, how they are cut, and how they are embedded."""

from typing import Any

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr, field_validator, model_validator

from dynamicrag.retrieval.vector_server import VARIABLE, server_problem
from dynamicrag.stages.section import Names, Section, Spec

Fact = StrictStr | StrictBool | StrictInt | StrictFloat


class Chunks(Section):
    """The cutting of documents into chunks.

    Attributes:
        size: Tokens per chunk.
        overlap: Tokens that neighbouring chunks share; less than half of ``size``.
    """

    size: int = Field(default=256, ge=32, le=100_000)
    overlap: int = Field(default=32, ge=0)

    @model_validator(mode="after")
    def _fits(self) -> "Chunks":
        if self.overlap >= self.size / 2:
            raise ValueError(f"overlap: {self.overlap} is out of range; valid: 0 to {(self.size - 1) // 2}")
        return self


class NearnessSection(Section):
    """Cosine thresholds for whether documents cover a question, for your own embedding model.

    Attributes:
        similar: A passage with this cosine or more is near the question.
        strange: A passage with a lower cosine may be unrelated to the question; less than ``similar``.
    """

    similar: float = Field(ge=-1, le=1)
    strange: float = Field(ge=-1, le=1)

    @model_validator(mode="after")
    def _apart(self) -> "NearnessSection":
        if self.strange >= self.similar:
            raise ValueError(f"similar: {self.similar:g} must be above strange, {self.strange:g}")
        return self


class CorpusSection(Section):
    """One corpus: its files, how they are cut, and how they are embedded.

    Attributes:
        path: Files and folders, relative to the policy's folder.
        follow_links: Whether links that lead out of the folder are followed.
        chunk: The size and overlap of chunks.
        embedding: ``provider:model``, a sentence-transformers name or folder; by default the caller's.
        embedding_profile: Coefficients that replace those of its profile.
        nearness: Thresholds of its cosines, for an unknown embedding model.
        metadata: Metadata of documents, for filters, by pattern of their path below the folder.
        vectors: Chroma server for the vectors, ``http://HOST:PORT``; by default the environment variable
            ``DYNAMICRAG_VECTORS``, else they are in the data folder. A password belongs in the variable.
    """

    path: Names = Field(min_length=1)
    follow_links: StrictBool = False
    chunk: Chunks = Chunks()
    metadata: dict[str, dict[str, Fact | list[Fact]]] = Field(default_factory=dict)

    embedding: Spec | None = None
    embedding_profile: dict[str, Any] = Field(default_factory=dict)
    nearness: NearnessSection | None = None
    vectors: StrictStr | None = Field(default=None, repr=False)  # before it is checked it may have a password

    @field_validator("vectors")
    @classmethod
    def _is_server(cls, vectors: str | None) -> str | None:
        problem = "" if vectors is None else server_problem(vectors)
        if not problem and "@" in (vectors or ""):
            problem = f"a policy has no password; set {VARIABLE}=http://USER:PASSWORD@HOST:PORT instead"
        if problem:
            raise ValueError(problem)
        return vectors

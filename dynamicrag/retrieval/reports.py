"""What a corpus says of itself and of its ingests."""

from dataclasses import dataclass

from dynamicrag.types import Usage


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did.

    Attributes:
        added, changed, deleted, unchanged: Documents.
        skipped: Files of other endings, and documents without any text (with the reason).
        chunks: Chunks of the whole corpus.
        seconds: Wall time.
        usage: What embedding consumed.
    """

    added: int
    changed: int
    deleted: int
    unchanged: int
    skipped: tuple[str, ...]
    chunks: int
    seconds: float
    usage: Usage


@dataclass(frozen=True, slots=True)
class CorpusStats:
    """Size of a corpus; the means are in characters."""

    documents: int
    chunks: int
    terms: int
    mean_document: float
    mean_chunk: float

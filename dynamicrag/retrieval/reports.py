"""What a corpus says of itself and of its ingests."""

from dataclasses import dataclass

from dynamicrag.types import Usage


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did.

    Attributes:
        added, changed, deleted, unchanged: Documents.
        skipped: What was left out and why; what could not be read comes first.
        failed: How many files, pages and lines could not be read.
        chunks: Chunks of the whole corpus.
        seconds: Wall time.
        usage: What embedding consumed.
    """

    added: int
    changed: int
    deleted: int
    unchanged: int
    skipped: tuple[str, ...]
    failed: int
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

"""The report of an ingest."""

from dataclasses import dataclass

from dynamicrag.types import Usage


@dataclass(frozen=True, slots=True)
class IngestReport:
    """The result of an ingest.

    Attributes:
        added, changed, deleted, unchanged: Numbers of documents.
        skipped: The parts left out, with reasons; failures first.
        failed: Number of unreadable files, pages and lines.
        chunks: Number of chunks of the whole corpus.
        seconds: Wall time.
        usage: Usage of embedding.
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

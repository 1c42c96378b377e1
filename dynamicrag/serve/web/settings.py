"""The settings of the web chat."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["WebSettings"]


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Limits of the web chat.

    Attributes:
        uploads: Folder of uploaded documents, which a corpus of the policy reads; without it, or if no corpus
            reads it, there are no uploads. It belongs to the server: no other file may be in it.
        upload_bytes: Largest uploaded file.
        upload_files: Largest number of uploaded documents.
        upload_total: Largest size of all uploaded documents in bytes.
        conversations: Number of conversations in memory; the least recently used are dropped.
        turns: Number of answers in a conversation.
        concurrency: Number of questions answered at a time.
    """

    uploads: Path | None = None
    upload_bytes: int = 20_000_000
    upload_files: int = 200
    upload_total: int = 500_000_000
    conversations: int = 500
    turns: int = 100
    concurrency: int = 32

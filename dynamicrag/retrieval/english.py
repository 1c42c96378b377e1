"""Warns about documents that an English embedding model cannot read."""

from collections.abc import Iterable
from itertools import islice

from dynamicrag.retrieval.corpus import Corpus
from dynamicrag.retrieval.documents import Skipped
from dynamicrag.retrieval.embedder import Embedder
from dynamicrag.retrieval.readers import read_file
from dynamicrag.retrieval.reading import MOST_UNREAD
from dynamicrag.retrieval.scan import Sources

FILES, TEXTS, CHARACTERS = 20, 200, 2000
"""Limits of the sample: files, texts, and characters per text."""


def notice(corpus: str, texts: Iterable[str], embedder: Embedder) -> str:
    """Return a line with the share of unreadable texts and the remedy; ``""`` if enough can be read.

    Args:
        corpus: The corpus's name.
        texts: Some of its documents or chunks.
        embedder: The embedding model.
    """
    looked_at = [text[:CHARACTERS] for text in islice(texts, TEXTS)]
    unread = sum(not embedder.reads(text) for text in looked_at)
    if unread <= MOST_UNREAD * len(looked_at):
        return ""
    return (
        f"corpus {corpus}: the embedding model {embedder.name} is for English and cannot read "
        f"{unread / len(looked_at):.0%} of these documents; 'bm25' finds them by their words. To search them "
        f"by meaning, name a multilingual model: corpora.{corpus}.embedding"
    )


def notice_of(corpus: Corpus) -> str:
    """Return the :func:`notice` on a corpus, from a few of its files."""
    return notice(corpus.name, sample(corpus.sources), corpus.embedder)


def sample(sources: Sources) -> list[str]:
    """Return the texts of a few files, spread over all; unreadable files are left out."""
    files = sources.files(Skipped())
    texts = [
        document.text
        for file in files[:: max(1, len(files) // FILES)][:FILES]
        for document in islice(read_file(file, Skipped()), TEXTS)
    ]
    return texts[:: max(1, len(texts) // TEXTS)]

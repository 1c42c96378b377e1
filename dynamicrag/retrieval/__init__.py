"""Corpora and retrievers: read documents, cut them into chunks, index and search them.

Importing this package is cheap; libraries are loaded when a corpus is used. A new retriever is one
file here with a class registered in ``RETRIEVERS``.
"""

from dynamicrag.retrieval.base import RETRIEVERS, RetrievalContext, Retrieved, Retriever
from dynamicrag.retrieval.corpus import Corpus
from dynamicrag.retrieval.embedder import Embedder
from dynamicrag.retrieval.local_embedder import LocalEmbedder
from dynamicrag.retrieval.reports import IngestReport

__all__ = [
    "RETRIEVERS",
    "Corpus",
    "Embedder",
    "IngestReport",
    "LocalEmbedder",
    "RetrievalContext",
    "Retrieved",
    "Retriever",
]

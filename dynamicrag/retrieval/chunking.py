"""Chunks: pieces of a document, of whole sentences where they fit, with LlamaIndex's SentenceSplitter."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from dynamicrag.errors import PolicyError

_SENTENCE = re.compile(r".+?(?:[.!?]+[\"'”’)\]]*\s+|[。！？]+|\n\s*|$)", re.DOTALL)


def chunk_id(document: str, number: int) -> str:
    """Id of a document's chunk, ``document#number``."""
    return f"{document}#{number}"


def document_of(chunk: str) -> str:
    """Id of the document that a chunk id belongs to."""
    return chunk.rpartition("#")[0]


class Chunker:
    """Splits texts into overlapping chunks.

    The title is counted with every chunk, since it is embedded with it: what the embedding model
    reads is what the chunk says, and nothing is cut off at the model's limit.

    Args:
        size: Most tokens in a chunk, its title included; at least 32.
        overlap: Most tokens that a chunk repeats of the one before it; less than half of ``size``.
        tokenize: Text to tokens, those of the embedding model.

    Raises:
        PolicyError: ``size`` or ``overlap`` is out of range.
    """

    def __init__(self, size: int, overlap: int, tokenize: Callable[[str], Sequence[Any]]) -> None:
        if size < 32:
            raise PolicyError(f"chunk.size: {size} tokens are too few; valid: 32 and more")
        if not 0 <= overlap < size / 2:
            raise PolicyError(f"chunk.overlap: {overlap} is out of range; valid: 0 to {(size - 1) // 2}")
        self._size = size
        self._overlap = overlap
        self._tokenize = tokenize

    def split(self, text: str, title: str = "") -> list[str]:
        """Split ``text``; a short text is one chunk, a text without any words none."""
        from llama_index.core.node_parser import SentenceSplitter

        # A very long title must not eat up the chunk; then the end of the chunk goes unembedded.
        room = max(self._size // 2, self._size - len(self._tokenize(title)))
        splitter = SentenceSplitter(
            chunk_size=room,
            chunk_overlap=min(self._overlap, room // 2),
            tokenizer=self._tokenize,  # the default ones would be fetched from the network
            chunking_tokenizer_fn=_SENTENCE.findall,
        )
        chunks: list[str] = splitter.split_text(text)
        return [chunk for chunk in chunks if chunk]

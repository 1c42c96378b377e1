"""Chunks: pieces of a document, of whole sentences where they fit, with LlamaIndex's SentenceSplitter.

Lines of tables and code are not cut if they fit, and code keeps its indentation.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from dynamicrag.errors import PolicyError

_LINE = re.compile(r"[^\n]*+\n(?:[ \t]*+\n)*+|[^\n]++")
_SENTENCE_END = re.compile(r"(?<![.!?])[.!?]++[\"'”’)\]]*+\s+|[。！？]++")
_LONG = 8
"""A sentence with more than this number of characters per chunk token is cut by length, before it is
measured: the splitter would measure every word or character of it.
"""


def chunk_id(document: str, number: int) -> str:
    """Id of a document's chunk, ``document#number``."""
    return f"{document}#{number}"


def document_of(chunk: str) -> str:
    """Id of the document that a chunk id belongs to."""
    return chunk.rpartition("#")[0]


class Chunker:
    """Splits texts into overlapping chunks.

    The title counts in every chunk, because it is embedded with it: the embedding model then reads the whole
    chunk, and nothing is cut off at the model's limit.

    Args:
        size: Largest number of tokens in a chunk, its title included; at least 32.
        overlap: Largest number of tokens repeated from the previous chunk; less than half of ``size``.
        tokenize: Tokenizer of the embedding model.

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
        """Split ``text``; a short text is one chunk, a text without words has no chunk."""
        # A very long title must not use up the chunk; the end of the chunk is then not embedded.
        room = max(self._size // 2, self._size - len(self._tokenize(title)))
        splitter = _splitter()(
            chunk_size=room,
            chunk_overlap=min(self._overlap, room // 2),
            tokenizer=self._tokenize,  # the default one would be downloaded
            chunking_tokenizer_fn=lambda part: list(_sentences(part, room)),
        )
        chunks: list[str] = splitter.split_text(text)
        return [chunk for chunk in chunks if chunk]


@lru_cache(maxsize=1)
def _splitter() -> type:
    from llama_index.core.node_parser import SentenceSplitter

    class Splitter(SentenceSplitter):  # type: ignore[misc]
        def _postprocess_chunks(self, chunks: list[str]) -> list[str]:
            """Trim chunks, except for the indentation of their first line."""
            return [re.sub(r"^\s*\n", "", chunk).rstrip() for chunk in chunks if chunk.strip()]

    return Splitter


def _sentences(text: str, room: int) -> Iterator[str]:
    """Yield the sentences of ``text`` and the lines of tables and code, with the white space after them."""
    for line in _LINE.findall(text):
        whole = len(line) <= room * _LONG and line.startswith(("|", " ", "\t"))
        for sentence in [line] if whole else _cut(line):
            if len(sentence) > room * _LONG:
                yield from _pieces(sentence, room)
            else:
                yield sentence


def _cut(line: str) -> Iterator[str]:
    start = 0
    for found in _SENTENCE_END.finditer(line):
        yield line[start : found.end()]
        start = found.end()
    if start < len(line):
        yield line[start:]


def _pieces(line: str, room: int) -> Iterator[str]:
    """Cut a very long line into pieces of at most ``room`` characters, at white space if there is any."""
    start = 0
    while start < len(line):
        end = start + room
        if end < len(line):
            end = next((n for n in range(end, start + room // 2, -1) if line[n - 1].isspace()), end)
        yield line[start:end]
        start = end

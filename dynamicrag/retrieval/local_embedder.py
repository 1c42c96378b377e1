"""Sentence embeddings with a local sentence-transformers model."""

import re
import threading
import time
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from dynamicrag.errors import ModelUnavailable
from dynamicrag.retrieval.embedder import MINILM, Embedder, Vectors
from dynamicrag.retrieval.reading import MOST_UNREAD, Reading
from dynamicrag.text.normal import encodable
from dynamicrag.types import Usage

__all__ = ["DEFAULT", "LocalEmbedder", "encode"]

DEFAULT = "all-minilm-l6-v2"
"""The catalogue's embedding model."""
UNKNOWN = "[UNK]"
BATCH = 32
"""Texts per forward pass."""
_LONG_WORD = re.compile(r"(\S{64})(?=\S)")
_loading = threading.Lock()


class LocalEmbedder(Embedder):
    """all-MiniLM-L6-v2, or another sentence-transformers model in a folder.

    The constructor does no work; the model is loaded on first use, once per process and folder.

    Args:
        path: Folder of the model, or a function that returns it (and may download it first).
        name: Name of the model; part of the key of an index made with it.

    Source: Reimers and Gurevych, "Sentence-BERT", EMNLP 2019 (arXiv 1908.10084); Wang et al.,
    "MiniLM", NeurIPS 2020 (arXiv 2002.10957).
    """

    def __init__(self, path: Path | Callable[[], Path], *, name: str = DEFAULT) -> None:
        super().__init__(name)
        if name == DEFAULT:
            self.scale, self.symmetric = MINILM, True
        self._path = path

    def encode(self, texts: Sequence[str], *, query: bool) -> tuple[Vectors, Usage]:
        """Embed ``texts``; CPU-seconds are wall seconds times torch's threads, or less if less was used."""
        return encode(self._model(), texts, query=query)

    def embed_in_bulk(self, texts: Sequence[str]) -> Vectors:
        """Embed thousands of texts on all cores, rounded where that is faster; nothing is accounted."""
        from dynamicrag.retrieval.bulk import embed_in_bulk

        return embed_in_bulk(self._model(), texts)

    def load(self) -> None:
        """Load the weights unless they are loaded.

        Raises:
            ModelUnavailable: The folder has no model.
        """
        self._model()

    def reads(self, text: str) -> bool:
        """Return whether the model can read ``text``; see :meth:`Reading.unread`."""
        return text.isascii() or self._reading().unread(_divided(text)) <= MOST_UNREAD

    def _reading(self) -> Reading:
        try:
            return _reading(self.folder)
        except ModelUnavailable:
            return Reading(None)

    def tokenize(self, text: str) -> list[int]:
        """Split ``text`` into the model's word pieces, without loading the model.

        Words of over 64 characters (URLs, data) are cut first: the model knows no longer word, and would
        treat a megabyte as one token. An unknown piece counts one token per two characters: a whole sentence
        of Thai is one piece to this model, but many tokens to the answering model.
        """
        found = _tokenizer(self.folder).encode(_divided(text), add_special_tokens=False)
        ids: list[int] = []
        for number, token, (start, end) in zip(found.ids, found.tokens, found.offsets, strict=True):
            ids += [number] * (max(1, (end - start) // 2) if token == UNKNOWN else 1)
        return ids

    @cached_property
    def folder(self) -> Path:
        """Return the folder of the model, downloaded if needed."""
        return self._path() if callable(self._path) else self._path

    def _model(self) -> Any:
        with _loading:
            return _load(self.folder)


def encode(model: Any, texts: Sequence[str], *, query: bool) -> tuple[Vectors, Usage]:
    """Embed texts with a ``SentenceTransformer``, and return the usage."""
    import torch

    wall, cpu = time.perf_counter(), time.process_time()
    work = model.encode_query if query else model.encode_document
    vectors = work(
        list(map(encodable, texts)), batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False
    )
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    usage = Usage(calls=1, seconds=wall, cpu_seconds=min(wall * torch.get_num_threads(), cpu))
    return np.asarray(vectors, dtype=np.float32), usage


def _divided(text: str) -> str:
    return _LONG_WORD.sub(r"\1 ", encodable(text))


@lru_cache(maxsize=4)
def _load(folder: Path) -> Any:
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    if not (folder / "modules.json").is_file():
        raise ModelUnavailable(f"{folder}: has no sentence-transformers model (modules.json is missing)")
    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(str(folder), local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelUnavailable(f"{folder}: the embedding model cannot be loaded: {error}") from error
    finally:
        if bars:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


@lru_cache(maxsize=4)
def _reading(folder: Path) -> Reading:
    return Reading(_tokenizer(folder))


@lru_cache(maxsize=4)
def _tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer

    path = folder / "tokenizer.json"
    if not path.is_file():
        raise ModelUnavailable(f"{path}: missing; the folder has no embedding model")
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer

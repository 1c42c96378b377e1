"""Sentence embeddings with a local sentence-transformers model."""

import asyncio
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.errors import ModelUnavailable
from dynamicrag.normal import encodable
from dynamicrag.retrieval.reading import MOST_UNREAD, Reading
from dynamicrag.types import Usage

Vectors = NDArray[np.float32]

UNKNOWN = "[UNK]"
_LONG_WORD = re.compile(r"(\S{64})(?=\S)")
_loading = threading.Lock()


class Embedder:
    """all-MiniLM-L6-v2, or another sentence-transformers model: texts in, unit vectors out.

    Constructing is free; the model is loaded at the first use, once per process and folder. One
    thread embeds at a time, since torch uses all cores for each. The vectors of the latest single
    texts are kept: the question of a turn is embedded once, whoever asks.

    Args:
        path: Folder of the model, or what returns it (and may download it first).
        name: Name of the model; part of the key of an index made with it.
        batch_size: Texts per forward pass.

    Source: Reimers and Gurevych, "Sentence-BERT", EMNLP 2019 (arXiv 1908.10084); Wang et al.,
    "MiniLM", NeurIPS 2020 (arXiv 2002.10957).
    """

    def __init__(
        self, path: Path | Callable[[], Path], *, name: str = "all-minilm-l6-v2", batch_size: int = 32
    ) -> None:
        self.name = name
        self._path = path
        self._batch_size = batch_size
        self._lock = threading.Lock()
        self._recent: OrderedDict[str, Vectors] = OrderedDict()
        self._recent_size = 256

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed ``texts``.

        Returns:
            ``(n, d)`` float32, each row of length 1; d is 384 for all-MiniLM-L6-v2.

        Raises:
            ModelUnavailable: The folder holds no model.
        """
        return self.embed_measured(texts)[0]

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """As :meth:`embed`: where a function would do, it stands for its model, with its name."""
        return self.embed(texts)

    async def aembed(self, texts: Sequence[str]) -> Vectors:
        """As :meth:`embed`, off the event loop."""
        return (await self.aembed_measured(texts))[0]

    def embed_measured(self, texts: Sequence[str]) -> tuple[Vectors, Usage]:
        """As :meth:`embed`, and what it consumed.

        Loading the model and waiting for another thread's turn are not counted. CPU-seconds are
        wall seconds times torch's threads, but no more than what the process really used.
        """
        if len(texts) == 0:
            return np.zeros((0, 0), dtype=np.float32), Usage()
        if len(texts) == 1 and (known := self._recent.get(texts[0])) is not None:
            return known.copy(), Usage()
        model = self._model()
        with self._lock:
            vectors, usage = self._encode(model, texts)
            if len(texts) == 1:
                self._recent[texts[0]] = vectors.copy()
                if len(self._recent) > self._recent_size:
                    self._recent.popitem(last=False)
        return vectors, usage

    async def aembed_measured(self, texts: Sequence[str]) -> tuple[Vectors, Usage]:
        """As :meth:`embed_measured`, off the event loop."""
        return await asyncio.to_thread(self.embed_measured, texts)

    def readable_measured(self, texts: Sequence[str]) -> tuple[Vectors, Usage]:
        """As :meth:`embed_measured`, with NaN for the texts that the model does not read."""
        vectors, usage = self.embed_measured(texts)
        vectors[[not self.reads(text) for text in texts]] = np.nan
        return vectors, usage

    def reads(self, text: str) -> bool:
        """Return whether the vector of ``text`` means something; see :meth:`Reading.unread`."""
        return text.isascii() or self._reading().unread(_divided(text)) <= MOST_UNREAD

    def _reading(self) -> Reading:
        try:
            return _reading(self.folder)
        except ModelUnavailable:
            return Reading(None)

    def forget(self) -> None:
        """Forget the latest texts, so that the next call is paid for again."""
        with self._lock:
            self._recent.clear()

    def tokenize(self, text: str) -> list[int]:
        """Split ``text`` into the model's word pieces, without loading the model.

        Words of over 64 characters (URLs, data) are cut first: the model knows no word as long, and
        would take a megabyte for one token. An unknown piece counts once for two of its characters: a whole
        sentence of Thai is one piece to this model, and many tokens to the one that answers.
        """
        found = _tokenizer(self.folder).encode(_divided(text), add_special_tokens=False)
        ids: list[int] = []
        for number, token, (start, end) in zip(found.ids, found.tokens, found.offsets, strict=True):
            ids += [number] * (max(1, (end - start) // 2) if token == UNKNOWN else 1)
        return ids

    @property
    def folder(self) -> Path:
        """Folder of the model, downloaded if that is how it was given."""
        if callable(self._path):
            self._path = self._path()
        return self._path

    def _model(self) -> Any:
        with _loading:
            return _load(self.folder)

    def _encode(self, model: Any, texts: Sequence[str]) -> tuple[Vectors, Usage]:
        import torch

        wall, cpu = time.perf_counter(), time.process_time()
        vectors = model.encode(
            list(map(encodable, texts)),
            batch_size=self._batch_size,
            normalize_embeddings=True,
            show_progress_bar=False,
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
        raise ModelUnavailable(f"{folder}: holds no sentence-transformers model (modules.json is missing)")
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
        raise ModelUnavailable(f"{path}: missing; the folder holds no embedding model")
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer

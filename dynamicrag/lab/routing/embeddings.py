"""Embeddings kept on disk: a text is embedded once, however often routers are judged on it."""

import hashlib
import logging
import time
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dynamicrag.features.base import Embed
from dynamicrag.lab.progress import Progress, unreported
from dynamicrag.whole_file import replacing

TIMED = 12
"""Single texts that are timed."""
MANY = 256
"""New texts from which they are embedded in bulk."""
PORTION = 1024
"""Texts between two reports of progress."""
Vectors = NDArray[np.float32]
_log = logging.getLogger(__name__)


class KeptEmbeddings:
    """An embedding model with a file of the vectors that it gave; called as the model is.

    A damaged file is replaced.

    Args:
        embed: The model; it is called for texts that the file lacks.
        path: The file, ``….npz``, one per model.
        in_bulk: Embeds many texts faster; the model by default.
        progress: Receives the number of texts embedded in bulk.

    Attributes:
        microseconds: Time that a single text takes; NaN before any was timed.
    """

    def __init__(
        self, embed: Embed, path: Path, in_bulk: Embed | None = None, progress: Progress = unreported
    ) -> None:
        self._embed = embed
        self._progress = progress
        self._in_bulk = in_bulk or embed
        self._path = path
        self._known: dict[str, Vectors] | None = None
        self.microseconds = float("nan")

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of texts, (n, d)."""
        if self._known is None:
            self._known = self._read()
        keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32] for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        if new:
            self._learn(list(new), list(new.values()))
        return np.stack([self._known[key] for key in keys])

    def _learn(self, keys: Sequence[str], texts: Sequence[str]) -> None:
        assert self._known is not None
        times = []
        vectors = self._embed_many(texts) if len(texts) >= MANY else self._embed(texts)
        self._known.update(zip(keys, vectors, strict=True))
        for text in texts[: TIMED + 1]:
            begun = time.perf_counter()
            self._embed([f"{text} "])  # the model itself remembers its latest single texts
            times.append(1e6 * (time.perf_counter() - begun))
        self.microseconds = float(np.median(times[1:] or times))
        self._write()

    def _embed_many(self, texts: Sequence[str]) -> Vectors:
        made = []
        order = np.argsort([len(text) for text in texts], kind="stable")  # texts of like length pad little
        for begin in range(0, len(texts), PORTION):
            self._progress(begin, len(texts), "embedding")
            made.append(self._in_bulk([texts[row] for row in order[begin : begin + PORTION]]))
        self._progress(len(texts), len(texts), "embedding")
        return np.asarray(np.concatenate(made)[order.argsort()])

    def _read(self) -> dict[str, Vectors]:
        with (
            suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile),
            np.load(self._path) as file,
        ):
            self.microseconds = float(file["microseconds"])
            return dict(zip(file["keys"].tolist(), np.asarray(file["vectors"], np.float32), strict=True))
        return {}

    def _write(self) -> None:
        assert self._known is not None
        kept, timed = self._known, self.microseconds
        kept = {**self._read(), **kept}  # another process may have added some since
        self._known, self.microseconds = kept, timed
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self._path) as draft, draft.open("wb") as file:
                np.savez(
                    file, keys=np.array(list(kept)), vectors=np.stack(list(kept.values())), microseconds=timed
                )
        except OSError as error:  # they are embedded again next time
            _log.warning("%s: embeddings are not kept: %s", self._path, error.strerror or error)

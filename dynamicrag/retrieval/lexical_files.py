"""The BM25 index of a corpus on disk: one folder per generation and setting."""

import errno
import shutil
import tempfile
from pathlib import Path
from typing import Literal

from dynamicrag.errors import CorpusError
from dynamicrag.retrieval.index_terms import ANALYSIS
from dynamicrag.retrieval.lexical import Bm25sIndex, LexicalIndex
from dynamicrag.retrieval.lexical_reference import RankBm25Index
from dynamicrag.retrieval.store import Store

Implementation = Literal["bm25s", "rank-bm25"]


def open_lexical(
    store: Store, folder: Path, k1: float, b: float, implementation: Implementation
) -> LexicalIndex:
    """Load the index of the current generation, or build and save it.

    Raises:
        CorpusError: The index cannot be written.
    """
    if implementation == "rank-bm25":
        return RankBm25Index.build(store.snapshot()[1], k1=k1, b=b)
    generation, _ = store.generation()
    prefix = f"bm25-{ANALYSIS}-{k1:g}-{b:g}-"
    known = _load(folder / f"{prefix}{generation}")
    if known is not None:
        return known
    generation, chunks = store.snapshot()
    index = Bm25sIndex.build(chunks, k1=k1, b=b)
    try:
        _keep(index, folder, prefix, generation)
    except OSError as error:
        raise CorpusError(
            f"{folder}: the BM25 index cannot be written: {error.strerror or error}; "
            "check that the disk has space and the folder is writable"
        ) from error
    return index


def _load(folder: Path) -> Bm25sIndex | None:
    try:
        return Bm25sIndex.load(folder)
    except (OSError, ValueError, KeyError, EOFError):
        return None  # missing or damaged: building it is quick


def _keep(index: Bm25sIndex, folder: Path, prefix: str, generation: int) -> None:
    """Save ``index`` by renaming a finished folder, and delete the folders of other generations.

    Other processes may do the same concurrently. The first one wins, and all have the same index.
    """
    target = folder / f"{prefix}{generation}"
    temporary = Path(tempfile.mkdtemp(prefix=".bm25-", dir=folder))
    try:
        index.save(temporary)
        if target.exists() and _load(target) is None:
            shutil.rmtree(target, ignore_errors=True)  # damaged
        try:
            temporary.rename(target)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        for old in folder.glob(f"{prefix}*"):
            if old != target:
                shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)

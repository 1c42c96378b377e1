"""Ingestion: updates the store, and then the vector index, to the files.

The vector index follows the work marked in the store, batch by batch: an ingest can be killed at any point
and run again.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dynamicrag.retrieval.accounted import Account, embed
from dynamicrag.retrieval.chunking import Chunker
from dynamicrag.retrieval.embedder import Embedder
from dynamicrag.retrieval.locking import exclusive
from dynamicrag.retrieval.probe import Probe
from dynamicrag.retrieval.scan import Changes, Progress, Sources, scan, unchanged
from dynamicrag.retrieval.store import Store
from dynamicrag.retrieval.vectors import VectorIndex
from dynamicrag.types import Usage

_BATCH = 256  # chunks embedded again after a killed ingest


@dataclass(frozen=True, slots=True)
class Ingestion:
    """The means to update one corpus.

    Attributes:
        folder: Its folder.
        sources: Its files.
        chunker: Cuts documents into chunks.
        embedder: The embedding model.
        probe: Checks that the index was made with that model.
        vectors: The vector index.
        account: Opens a ledger line; every batch has its own, so that an interrupted ingest is charged.
        lock_timeout: Seconds to wait for another process that is ingesting.
    """

    folder: Path
    sources: Sources
    chunker: Chunker
    embedder: Embedder
    probe: Probe
    vectors: VectorIndex
    account: Account
    lock_timeout: float

    def up_to_date(self, store: Store, *, dense: bool) -> bool:
        """Return whether the files are unchanged since they were read, and (if ``dense``) embedded."""
        if not unchanged(store, self.sources):
            return False
        return not dense or (store.count("pending") + store.count("gone") == 0 and self.probe.same())

    def run(self, progress: Progress, *, dense: bool, strict: bool) -> tuple[Changes, Usage]:
        """Update the store and, if ``dense``, the vector index.

        Returns:
            The changes of the files, and the usage of embedding.

        Raises:
            CorpusError: There is no document; or, with ``strict``, a part is unreadable; or the index cannot
                be used, or has vectors of another model.
        """
        waiting = partial(progress, 0, 0, "waiting for another process that is ingesting")
        with (
            exclusive(self.folder, self.lock_timeout, waiting),
            Store(self.folder / "store.sqlite") as store,
        ):
            changes = scan(store, self.sources, self.chunker, progress, strict=strict)
            if not dense:
                return changes, Usage()
            if not self.probe.same():
                store.outdate()  # replaced, not cleared: other processes may have the index open
                self.probe.keep()
            return changes, self._embed_pending(store, progress)

    def _embed_pending(self, store: Store, progress: Progress) -> Usage:
        """Update the vector index to the store; rebuild it if it is damaged."""
        usage = Usage()
        adopted = self.vectors.reconcile(store)
        if adopted:  # only from another data folder, whose embedder may have been another model of this name
            embedded, usage = embed(self.embedder, [adopted[0].whole], self.account)
            self.vectors.check_model(adopted[0], embedded[0])
            store.mark_ready(adopted)
        total = store.count("pending")
        work = len(adopted) + total + store.count("gone")
        while gone := store.gone(_BATCH):
            self.vectors.delete(gone)
            store.forget(gone)
        done = 0
        while batch := store.pending(_BATCH):
            progress(done, total, "embedding")
            embedded, cost = embed(self.embedder, [chunk.whole for chunk in batch], self.account)
            self.vectors.put(batch, embedded)
            store.mark_ready(batch)
            usage += cost
            done += len(batch)
        if work:
            store.vectors_changed()
            progress(done, total, "embedding")
        return usage

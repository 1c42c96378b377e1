"""The life of an object: it warms up, waits until its books are closed, and ends."""

import asyncio
from types import TracebackType
from typing import Self
from weakref import finalize

from dynamicrag.cost.attribution import Attribution
from dynamicrag.graph.learning import started
from dynamicrag.graph.nodes import Nodes
from dynamicrag.graph.policies import Policies
from dynamicrag.graph.roots import Roots
from dynamicrag.graph.warm import warm
from dynamicrag.learning.fold import Folder
from dynamicrag.policy.assembly import Pipeline
from dynamicrag.retrieval.scan import Progress

CLOSING_SECONDS = 5.0


class Lifetime:
    """The life of an object, from the start of its meter to the release of its corpora.

    Args:
        policies: The policies.
        nodes: The nodes. Graphs hold these, so the meter runs as long as one of them exists.
    """

    def __init__(self, policies: Policies, nodes: Nodes) -> None:
        self.policies = policies
        pipeline = policies.first
        attribution = pipeline.ledger.attribution
        attribution.acquire()
        self._folder = started(policies)
        if self._folder is not None:
            pipeline.feedback.wake = self._folder.notify
        self._close = finalize(nodes, _close_books, pipeline, attribution, self._folder, policies.roots)

    def warm(self, progress: Progress | None = None) -> None:
        """Ingest the corpora and load the models, so that the first question does not wait. Blocks.

        Args:
            progress: Called with the amount done, the total (0: unknown) and a label.

        Raises:
            DynamicRAGError: A resource of the policy is unavailable.
        """
        warm(self.policies, progress)

    async def awarm(self, progress: Progress | None = None) -> None:
        """As :meth:`warm`; ``progress`` is called in a thread."""
        await asyncio.to_thread(self.warm, progress)

    def flush(self, timeout: float = 60.0) -> bool:
        """Wait until the accounts of all finished queries are closed and stored; return whether they are.

        Feedback so far is then learnt as well, and answers that a judge marks are marked.

        Raises:
            RunsError: The run store cannot be read.
        """
        pipeline = self.policies.first
        closed = [pipeline.after.flush(timeout), pipeline.bookkeeper.flush(timeout)]
        if self._folder is not None:
            self._folder.fold()
        return all(closed)

    async def aflush(self, timeout: float = 60.0) -> bool:  # noqa: ASYNC109
        """As :meth:`flush`."""
        return await asyncio.to_thread(self.flush, timeout)

    def close(self) -> None:
        """Close the books, stop the meter and release the corpora."""
        self._close()
        for pipeline in self.policies.values():
            for corpus in pipeline.corpora.values():
                corpus.close()

    async def aclose(self) -> None:
        """As :meth:`close`."""
        await asyncio.to_thread(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def _close_books(pipeline: Pipeline, attribution: Attribution, folder: Folder | None, roots: Roots) -> None:
    roots.close()
    pipeline.after.flush(CLOSING_SECONDS)
    if folder is not None:
        folder.close()
    pipeline.bookkeeper.close(CLOSING_SECONDS)
    attribution.release()

"""The decision log: finished queries with their decisions, feedback on them, and snapshots of learners."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dynamicrag.store.logged import Feedback, LoggedQuery


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a learner after a prefix of the feedback.

    Attributes:
        key: Identifies the learner: policy, stage, router, parameters and features.
        upto: Number of the last feedback that it has learnt from.
        state: The state, as written by :meth:`~dynamicrag.predictors.state.State.to_bytes`.
    """

    key: str
    upto: int
    state: bytes


class Log:
    """The decision log in the run store. Safe for threads and for processes.

    Raises:
        RunsError: From all methods: the store cannot be read or written.
    """

    def add(self, query: LoggedQuery) -> None:
        """Commit a query with its decisions; a repetition replaces the earlier record."""
        raise NotImplementedError

    def feedback(self, item: Feedback) -> bool:
        """Commit feedback; return whether it changed the log.

        If it replaces an earlier value, the earlier entry is deleted, this one gets a new number, and
        snapshots that had learnt from the earlier one are deleted in the same transaction.

        Raises:
            InputError: The query is unknown: it was never stored, or it was pruned.
        """
        raise NotImplementedError

    def query(self, query_id: str) -> LoggedQuery | None:
        """Return one query, or ``None``."""
        raise NotImplementedError

    def queries(
        self, *, since: float = 0.0, policy: str | None = None, ids: Sequence[str] | None = None
    ) -> Iterator[LoggedQuery]:
        """Return queries, oldest first."""
        raise NotImplementedError

    def feedbacks(
        self, *, after: int = 0, most: int = 1_000, query_ids: Sequence[str] | None = None
    ) -> list[Feedback]:
        """Return feedback in the order of its numbers; every later commit has a larger number."""
        raise NotImplementedError

    def snapshot(self, key: str) -> Snapshot | None:
        """Return the latest snapshot of a learner."""
        raise NotImplementedError

    def epoch(self) -> int:
        """Return how often feedback that may have been learnt was replaced or deleted."""
        raise NotImplementedError

    def keep(self, snapshot: Snapshot, epoch: int) -> None:
        """Store a snapshot made in an epoch, unless a later one is stored or the epoch is over."""
        raise NotImplementedError

    def prune(self, *, before: float | None = None, user: str | None = None) -> int:
        """Delete queries with their decisions and feedback, by age or by user; return their number.

        Pruning by age keeps snapshots, which hold sums and no query; pruning by user deletes them, and the
        learners learn anew from the rest.
        """
        raise NotImplementedError

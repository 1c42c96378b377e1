"""The account of a query while a node works on it: what led here, what it adds, and what the state keeps of it.

The state holds the lines that led to it, so that whoever goes on sums up, in this process or in another. The
ledger holds the lines of all runs; those of a node that failed join the next node's update.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dynamicrag.assembly import Pipeline
from dynamicrag.cost.in_thread import in_thread
from dynamicrag.cost.line import Line
from dynamicrag.cost.records import lost
from dynamicrag.types import AccountLine, TurnState


class Books:
    """The account of one query, within one execution of a node.

    Args:
        pipeline: Has the ledger.
        turn: The turn that the node works on.
        records: The lines of the query in the state.

    Attributes:
        turn: The turn, with the number of its run.
        lines: The lines that led here, and those that this execution adds.
    """

    def __init__(self, pipeline: Pipeline, turn: TurnState, records: list[AccountLine]) -> None:
        self._ledger = pipeline.ledger
        self._records = records
        self._kept = 0
        self.turn = turn
        self.lines: list[Line] = []

    @classmethod
    async def open(cls, pipeline: Pipeline, turn: TurnState, channel: Mapping[str, Any] | None) -> "Books":
        """Return the books of a turn that is under way, here or elsewhere, or that begins.

        Args:
            pipeline: Has the ledger and the run database.
            turn: The turn.
            channel: The state's channel; ``None`` if the turn begins.
        """
        query = turn["id"]
        records = [line for line in channel["account"] if line["query"] == query] if channel else []
        books = cls(pipeline, turn, records)
        new = books._take_up()
        attempt = turn.get("attempt", 1)
        number = pipeline.ledger.reach(query, attempt, turn["seq"], begins=True)
        if number != attempt:
            books.turn = {**turn, "attempt": number}
        if channel and (new or number != attempt):  # other processes may have worked on it
            kept = await in_thread(lambda: pipeline.bookkeeper.kept(query))
            pipeline.ledger.enter(query, kept.get("lines", ()))
        return books

    @contextmanager
    def work(self) -> Iterator[None]:
        """Account for the work of the node; if it raises, its lines wait for the next execution."""
        query = self.turn["id"]
        try:
            with self._ledger.run(query, self.lines):
                yield
        except BaseException:
            self._ledger.lose(query, self.lines[self._kept :])
            raise

    def close(self, turn: TurnState) -> tuple[TurnState, list[AccountLine]]:
        """Return the turn as the state keeps it, and the lines that are new in the state or settled since."""
        self._ledger.reach(turn["id"], turn.get("attempt", 1), turn["seq"])
        settled = [
            line
            for line, record in zip(self.lines, self._records, strict=False)
            if line.settled and "settled" not in record
        ]
        added = self._ledger.records([*settled, *self.lines[self._kept :]])
        return {**turn, "lines": len(self.lines)}, added

    def _take_up(self) -> bool:
        """Take up the lines that led here, and say what is missing; return whether the query is new here."""
        turn, query, records = self.turn, self.turn["id"], self._records
        account, new = self._ledger.enter(query, records)
        missing = (turn.get("lines") or min(turn["seq"], 1)) - len(records)
        if missing > 0 and not new:  # the state has lost them, but they were made here
            self._records = []
            self.lines = list(account.lines)
            self._ledger.take_loose(query)
            return new
        self.lines = [account.by_id[record["id"]] for record in records]
        self._kept = len(records)
        self.lines += self._ledger.take_loose(query)
        if missing > 0:
            line = lost(query, missing)
            self._ledger.put(line)
            self.lines.append(line)
        return new

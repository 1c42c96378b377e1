"""The account of a query while a node works on it: earlier lines, and lines that the node adds.

The state has all earlier lines of the run, so that any process can continue and sum up. The
ledger holds the lines of all runs; those of a node that failed join the next node's update.
"""

from dynamicrag.cost.in_thread import in_thread
from dynamicrag.cost.records import line_of, lost
from dynamicrag.graph.channel import Channel
from dynamicrag.policy.assembly import Pipeline
from dynamicrag.records import AccountLine
from dynamicrag.turn import TurnState


class Books:
    """The account of one query, within one execution of a node; as a context, it accounts for the work.

    If the work raises, its lines wait for the next execution. There is no channel when the turn begins.

    Attributes:
        turn: The turn, with the number of its run.
        lines: The earlier lines of the run, and those that this execution adds.
        travelled: Whether other processes may have worked on the query: then :meth:`ask` for their lines.
    """

    def __init__(self, pipeline: Pipeline, turn: TurnState, channel: Channel | None) -> None:
        self._pipeline = pipeline
        self._ledger = pipeline.ledger
        query, attempt, seq = turn["id"], turn["attempt"], turn["seq"]
        records = own_lines(channel, query) if channel else []
        entry = self._ledger.enter(query, records, attempt, seq)
        self._account, another = entry.account, entry.attempt != attempt
        self.turn: TurnState = {**turn, "attempt": entry.attempt} if another else turn
        self.travelled = channel is not None and (entry.new or another)
        self._records, self._kept = records, len(records)
        missing = turn["lines"] - len(records)
        if missing <= 0:
            self.lines = self._account.of(records)
            self.lines += entry.loose
        elif entry.new:  # made in another process, and lost from the state
            line = lost(query, missing)
            self._ledger.learn(query, [line])
            self.lines = [*self._account.of(records), line]
        else:  # lost from the state, but made in this process
            self._records, self._kept = [], 0
            self.lines = list(self._account.lines)

    async def ask(self) -> None:
        """Add the lines of other processes for the query, from the run database."""
        query = self.turn["id"]
        kept = await in_thread(lambda: self._pipeline.bookkeeper.kept(query))
        self._ledger.learn(query, map(line_of, kept.get("lines", ())))

    def __enter__(self) -> "Books":
        self._ledger.find(self.turn["id"], self.lines)  # the execution goes on after a failure
        self._token = self._ledger.begin_run(self.turn["id"], self.lines)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._ledger.end_run(self._token)
        if kind is not None:
            self._ledger.lose(self.turn["id"], self.lines[self._kept :])

    def close(self, turn: TurnState) -> tuple[TurnState, list[AccountLine]]:
        """Return the turn as the state keeps it, and the lines that are new in the state or settled since."""
        self._account.reached[turn["attempt"]] = turn["seq"]
        added = self.lines[self._kept :]
        if self._records and self._ledger.metered:
            for line, record in zip(self.lines, self._records, strict=False):
                if line.settled and "settled" not in record:
                    added.append(line)
        if not added:
            return turn, []
        return {**turn, "lines": len(self.lines)}, self._ledger.records(added)


def own_lines(channel: Channel, query_id: str) -> list[AccountLine]:
    """Return the lines of a query in the channel, with those of queries that it pays for."""
    if not channel["siblings"]:
        return channel["account"]
    return [line for line in channel["account"] if line["query"] == query_id]

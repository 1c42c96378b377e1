"""The account of one query: its lines, and the progress of its runs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from dynamicrag.cost.line import Line
from dynamicrag.records import AccountLine


@dataclass(slots=True)
class Account:
    """All lines of one query, of all its runs that this process knows.

    Attributes:
        query_id: The query.
        lines: The lines, in the order in which they began.
        by_id: The same by id.
        loose: Lines of executions whose update was lost, until the next execution adds them.
        reached: Number of decisions of each run so far, by the number of the run.
    """

    query_id: str
    lines: list[Line] = field(default_factory=list)
    by_id: dict[str, Line] = field(default_factory=dict)
    loose: list[Line] = field(default_factory=list)
    reached: dict[int, int] = field(default_factory=dict)

    @property
    def provisional(self) -> bool:
        """Whether any line still waits for the meter."""
        return not all(line.settled for line in self.lines)

    def add(self, line: Line) -> None:
        """Append a line."""
        self.lines.append(line)
        self.by_id[line.id] = line

    def of(self, records: Sequence[AccountLine]) -> list[Line]:
        """Return the lines of records; all must be on this account."""
        return [self.by_id[record["id"]] for record in records]


class Entry(NamedTuple):
    """The state of a query's account when a node begins to work on it.

    Attributes:
        account: The query's account.
        new: Whether it is new in this process.
        attempt: The number of the run.
        loose: Lines of executions whose update was lost; they now belong to the caller.
    """

    account: Account
    new: bool
    attempt: int
    loose: list[Line]

"""The recording on disk: runs as they finish, the table when all have.

Every finished run is a line of ``OUT.partial``, an outcome table's row with one outcome.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from dynamicrag.errors import InputError
from dynamicrag.lab.outcomes.file import as_record, row_of, stream_rows, write_table
from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable, Row
from dynamicrag.lab.questions import Question
from dynamicrag.lab.record.origin import changed
from dynamicrag.lab.record.partial import Partial

Key = tuple[str, str]
"""What tells runs of one origin apart: the question's id, and the path."""


COMMON = "verifiers, limits per query, host, helper or number of passages retrieved"
"""What of a policy bears on all paths."""


def key_of(query_id: str, path: Mapping[str, str]) -> Key:
    """Return a run's key."""
    return query_id, json.dumps(path, sort_keys=True)


class Journal:
    """The runs of one recording; a context manager that keeps others from the same file.

    Args:
        out: The table to be.
        origin: Hashes of what is recorded with.
        questions: The questions to be asked.
        fresh: Whether to begin anew whatever is there.
        retry: Whether to take failed runs for not done.

    Attributes:
        origin: Those hashes.
        runs: All runs there are, each a row with its one outcome.

    Raises:
        InputError: The file cannot be written, is in use, or holds runs of something else.
    """

    def __init__(
        self,
        out: Path,
        origin: Mapping[str, str],
        questions: Sequence[Question],
        *,
        fresh: bool = False,
        retry: bool = False,
    ) -> None:
        self.out = out
        self._partial = Partial(out, (".jsonl", ".jsonl.gz"), "recording")
        self.runs: dict[Key, Row] = {}
        self.origin = dict(origin)
        self._questions = {question.id: question for question in questions}
        self._fresh = fresh
        self._retry = retry

    def __enter__(self) -> "Journal":
        self._partial.__enter__()
        try:
            self._load()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._partial.__exit__()

    def _load(self) -> None:
        if not self._fresh and self.out.exists():
            self._keep(stream_rows(self.out), self.out)
        where = self._partial.path
        self._keep((row_of(line, str(where)) for line in self._partial.open(fresh=self._fresh)), where)

    def _keep(self, rows: Iterable[Row], where: Path) -> None:
        for row in rows:
            self._check(row, where)
            for outcome in row.outcomes.values():
                if not (self._retry and outcome.error is not None):
                    self.runs[key_of(row.id, outcome.path)] = replace(row, outcomes={"": outcome})

    def _check(self, row: Row, where: Path) -> None:
        mend = "give another --out, or --fresh to record anew"
        if not all(outcome.path for outcome in row.outcomes.values()):
            raise InputError(
                f"{where}: {row.id!r} has outcomes without a path, so it was not recorded; {mend}"
            )
        what = changed(row.origin, self.origin)
        if what is not None:
            said = f"{what} ({COMMON})" if what == "policy" else what
            raise InputError(f"{where}: {row.id!r} was recorded with another {said}; {mend}")
        question = self._questions.get(row.id)
        if question is not None and (question.text, question.answers, question.answerable) != (
            row.text,
            row.answers,
            row.answerable,
        ):
            raise InputError(
                f"{where}: the question {row.id!r}, or what is known of its answer, has changed since it was "
                f"recorded; {mend}"
            )

    def write(self, row: Row, outcome: Outcome) -> None:
        """Keep a run, or one that has been scored since; on the disk when this returns."""
        row = replace(row, outcomes={"": outcome})
        self._partial.write(as_record(row))
        self.runs[key_of(row.id, outcome.path)] = row

    def finish(self, table: OutcomeTable) -> None:
        """Put the table in its place and drop the lines that it was made from."""
        write_table(table, self.out)
        self._partial.clear()

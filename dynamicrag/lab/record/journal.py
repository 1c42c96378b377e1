"""A recording on disk: each run as it finishes, and the table when all have finished.

Every finished run is a line of ``OUT.partial``: a row of an outcome table with one outcome.
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
"""Identifies a run: the question's id, and the path."""
COMMON = "verifiers, limits per query, host, helper or number of passages retrieved"
"""Settings of a policy that affect all paths."""
MEND = "give another --out, or --fresh to record again"


def key_of(query_id: str, path: Mapping[str, str]) -> Key:
    """Return a run's key."""
    return query_id, json.dumps(path, sort_keys=True)


class Journal:
    """The runs of one recording; a context manager that locks its file.

    Args:
        out: The table's file.
        origin: Hashes of the policy and the documents.
        questions: The questions to ask.
        fresh: Whether to drop earlier runs.
        retry: Whether to drop earlier runs that failed.

    Attributes:
        runs: All runs, each a row with one outcome.

    Raises:
        InputError: The file cannot be written, is in use, or holds runs of something else.
    """

    def __init__(
        self, out: Path, origin: Mapping[str, str], questions: Sequence[Question], *,
        fresh: bool = False, retry: bool = False,
    ) -> None:  # fmt: skip
        self.out = out
        self.origin = dict(origin)
        self.runs: dict[Key, Row] = {}
        self._partial = Partial(out, (".jsonl", ".jsonl.gz"), "recording")
        self._questions = {question.id: question for question in questions}
        self._fresh = fresh
        self._retry = retry

    def __enter__(self) -> "Journal":
        self._partial.__enter__()
        try:
            where = self._partial.path
            if not self._fresh and self.out.exists():
                self._load(stream_rows(self.out), self.out)
            self._load((row_of(line, str(where)) for line in self._partial.open(fresh=self._fresh)), where)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._partial.__exit__()

    def _load(self, rows: Iterable[Row], where: Path) -> None:
        for row in rows:
            self._check(row, where)
            for outcome in row.outcomes.values():
                if not (self._retry and outcome.error is not None):
                    self.runs[key_of(row.id, outcome.path)] = replace(row, outcomes={"": outcome})

    def _check(self, row: Row, where: Path) -> None:
        if not all(outcome.path for outcome in row.outcomes.values()):
            raise InputError(
                f"{where}: {row.id!r} has outcomes without a path, so it was not recorded; {MEND}"
            )
        what = changed(row.origin, self.origin)
        if what is not None:
            detail = f"{what} ({COMMON})" if what == "policy" else what
            raise InputError(f"{where}: {row.id!r} was recorded with another {detail}; {MEND}")
        known = self._questions.get(row.id)
        if known is not None and (known.text, known.answers, known.answerable) != (
            row.text, row.answers, row.answerable,
        ):  # fmt: skip
            raise InputError(
                f"{where}: the question {row.id!r} or its answers changed since it was recorded; {MEND}"
            )

    def write(self, row: Row, outcome: Outcome) -> None:
        """Keep a run, or its outcome with a new score; it is on the disk when this returns."""
        row = replace(row, outcomes={"": outcome})
        self._partial.write(as_record(row))
        self.runs[key_of(row.id, outcome.path)] = row

    def finish(self, table: OutcomeTable) -> None:
        """Put the table in its place and drop the lines that it was made from."""
        write_table(table, self.out)
        self._partial.clear()

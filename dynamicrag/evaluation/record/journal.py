"""The recording on disk: runs as they finish, the table when all have.

Every finished run is a line of ``OUT.partial``, an outcome table's row with one outcome, and is on the
disk before the next is written. So a recording that is killed at any moment has lost no finished run,
and at most the last line is torn.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from filelock import FileLock, Timeout

from dynamicrag.errors import InputError
from dynamicrag.evaluation.outcomes.file import as_record, row_of, stream_rows, write_table
from dynamicrag.evaluation.outcomes.table import Outcome, OutcomeTable, Row
from dynamicrag.evaluation.questions import Question

Key = tuple[str, str]
"""What tells runs of one origin apart: the question's id, and the path."""


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
        if out.is_dir() or not out.parent.is_dir():
            what = "is a folder; give a file" if out.is_dir() else f"there is no folder {out.parent}"
            raise InputError(f"--out {out}: {what}")
        if not out.name.endswith((".jsonl", ".jsonl.gz")):
            raise InputError(f"--out {out}: valid endings: .jsonl, .jsonl.gz")
        self.out = out
        self.partial = out.with_name(f"{out.name}.partial")
        self.runs: dict[Key, Row] = {}
        self.origin = dict(origin)
        self._questions = {question.id: question for question in questions}
        self._fresh = fresh
        self._retry = retry
        self._lock = FileLock(out.with_name(f"{out.name}.lock"))
        self._file: IO[bytes] | None = None

    def __enter__(self) -> "Journal":
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise InputError(f"{self.out}: another recording is writing it; wait for it, or end it") from None
        except OSError as error:
            raise InputError(f"--out {self.out}: cannot be written: {error.strerror or error}") from None
        try:
            self._load()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            if not self.partial.stat().st_size:
                self.partial.unlink()
        self._lock.release()
        Path(self._lock.lock_file).unlink(missing_ok=True)

    def _load(self) -> None:
        if self._fresh:
            self.partial.unlink(missing_ok=True)
        elif self.out.exists():
            self._keep(stream_rows(self.out), self.out)
        whole = self._whole_lines() if self.partial.exists() else b""
        self._keep((row_of(line, str(self.partial)) for line in _parsed(whole)), self.partial)
        self._file = self.partial.open("r+b" if self.partial.exists() else "wb")
        self._file.truncate(len(whole))  # the line that a killed run was writing
        self._file.seek(len(whole))

    def _whole_lines(self) -> bytes:
        data = self.partial.read_bytes()
        return data[: data.rfind(b"\n") + 1]

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
        for what, digest in self.origin.items():
            if row.origin.get(what) != digest:
                raise InputError(f"{where}: {row.id!r} was recorded with another {what}; {mend}")
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
        assert self._file is not None
        row = replace(row, outcomes={"": outcome})
        self._file.write((json.dumps(as_record(row), ensure_ascii=False) + "\n").encode())
        self._file.flush()
        os.fsync(self._file.fileno())
        self.runs[key_of(row.id, outcome.path)] = row

    def finish(self, table: OutcomeTable) -> None:
        """Put the table in its place and drop the lines that it was made from."""
        write_table(table, self.out)
        assert self._file is not None
        self._file.truncate(0)


def _parsed(lines: bytes) -> Iterable[dict[str, Any]]:
    for line in lines.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue  # torn by a crash of the machine: that run is done again
        if isinstance(record, dict):
            yield record

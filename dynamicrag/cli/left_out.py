"""A short warning of documents that a corpus should have and does not."""

from collections.abc import Iterable
from pathlib import PurePath
from typing import TYPE_CHECKING

from rich.console import Console

from dynamicrag.cli.console import plain
from dynamicrag.errors import CorpusError

if TYPE_CHECKING:
    from dynamicrag.retrieval.corpus import Corpus

_NAMED = 3


def warn_left_out(corpora: "Iterable[Corpus]", out: Console) -> None:
    """Print a line for each corpus with unreadable files."""
    from dynamicrag.retrieval.documents import failures

    for corpus in corpora:
        try:
            problems = corpus.problems()
        except CorpusError as error:  # nothing can be read: every question raises the same error
            out.print(plain(f"corpus {corpus.name}: {error}"), style="yellow", soft_wrap=True)
            continue
        if count := failures(problems):
            names = dict.fromkeys(PurePath(problem.where).name for problem in problems if problem.failed)
            named = ", ".join(list(names)[:_NAMED]) + (", …" if len(names) > _NAMED else "")
            line = f"corpus {corpus.name}: {count} could not be read ({named}); `dynamicrag ingest` says why"
            out.print(plain(line), style="yellow", soft_wrap=True)

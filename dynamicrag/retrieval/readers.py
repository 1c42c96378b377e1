"""Reads documents from files: Markdown, plain text, HTML, PDF and JSON lines.

A corpus is a list of files and folders. ``files_of`` finds the readable files and ``read_file`` reads one
file. An unreadable file is reported and left out; it does not affect the others.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from dynamicrag.errors import CorpusError
from dynamicrag.retrieval.documents import Document, Problem, Skipped, SourceFile
from dynamicrag.retrieval.folders import Search
from dynamicrag.retrieval.formats import READERS, Reader
from dynamicrag.retrieval.ids import with_unique_ids
from dynamicrag.retrieval.names import shown

ENDINGS: tuple[str, ...] = tuple(READERS)
_NAMED = 5  # number of problems named in an error


def files_of(paths: Sequence[Path], skipped: Skipped, *, follow_links: bool = False) -> list[SourceFile]:
    """Find the readable files, in the order of ``paths`` and sorted within a folder.

    Folders are searched recursively; hidden files and folders are not part of a corpus. See
    :mod:`~dynamicrag.retrieval.folders` for links.

    Args:
        paths: Files and folders.
        skipped: Collects files of other endings, links that are not followed and unreadable folders.
        follow_links: Whether links that lead out of ``paths`` are followed.

    Raises:
        CorpusError: A path is missing, an explicitly given file has an unsupported ending, or nothing
            readable was found.
    """
    real = [Path(os.path.realpath(path)) for path in paths]
    search = Search(real, skipped, follow_links=follow_links)
    for path, given in zip(real, paths, strict=True):
        _check(path, shown(given))
        search.add(path)
    readable = []
    for path, folder in search.files():
        if _reader(path) is not None:
            readable.append((path, folder))
        else:
            skipped.note(shown(path), "no reader for this ending")
    if not readable:
        where = ", ".join(map(shown, paths)) or "no path"
        raise CorpusError(
            f"{where}: no document to read{named(skipped.problems)}; valid endings: {', '.join(ENDINGS)}"
        )
    return with_unique_ids(readable)


def read_file(file: SourceFile, skipped: Skipped) -> Iterator[Document]:
    """Read one file: one document, or one per line for JSON lines.

    ``skipped`` collects the file if unreadable, lines that are not documents, and documents without text.
    """
    reader = _reader(file.path)
    assert reader is not None, file
    try:
        yield from reader(file, skipped)
    except CorpusError as error:
        skipped.fail(file.source, str(error))
    except FileNotFoundError:
        skipped.fail(file.source, "gone while the corpus was read")
    except OSError as error:
        skipped.fail(file.source, f"cannot be read: {error.strerror or error}")
    except Exception as error:  # noqa: BLE001 - no parser is proof against every file, and the others are served
        skipped.fail(
            file.source, f"cannot be read: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
        )


def named(problems: Sequence[Problem]) -> str:
    """Return problems in brackets for an error: failures first, and the number of the others."""
    if not problems:
        return ""
    ranked = sorted(problems, key=lambda problem: not problem.failed)
    more = f"; and {len(ranked) - _NAMED} more" if len(ranked) > _NAMED else ""
    return f" ({'; '.join(map(str, ranked[:_NAMED]))}{more})"


def _check(path: Path, given: str) -> None:
    try:
        path.stat()
    except FileNotFoundError:
        raise CorpusError(f"{given}: no such file or folder; give a path to documents") from None
    except (OSError, ValueError) as error:
        raise CorpusError(f"{given}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not path.is_dir() and (_reader(path) is None or not path.is_file()):
        raise CorpusError(f"{given}: cannot be read; valid endings: {', '.join(ENDINGS)}")


def _reader(path: Path) -> Reader | None:
    name = path.name.lower()
    return READERS.get(next((ending for ending in ENDINGS if name.endswith(ending)), ""))

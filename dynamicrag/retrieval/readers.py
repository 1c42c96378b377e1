"""Documents from files: Markdown, plain text, HTML, PDF and JSON lines.

A corpus is a list of files and folders. ``files_of`` finds what can be read in them and ``read_file``
reads one file. What is left out (other endings, documents without any text) is named, never dropped in
silence.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from dynamicrag.errors import CorpusError
from dynamicrag.retrieval.documents import Document, Skipped, SourceFile
from dynamicrag.retrieval.formats import READERS, Reader, clean

ENDINGS: tuple[str, ...] = tuple(READERS)


def files_of(paths: Sequence[Path], skipped: Skipped) -> list[SourceFile]:
    """Find the files that can be read, in the order of ``paths`` and sorted within a folder.

    Folders are searched recursively; hidden files and folders are not part of a corpus.

    Args:
        paths: Files and folders.
        skipped: Collects the files of other endings that were found in folders.

    Raises:
        CorpusError: A path is missing, a file named outright has an ending that cannot be read, or
            nothing readable was found.
    """
    found: list[SourceFile] = []
    for path in paths:
        if path.is_dir():
            for file in _walk(path):
                if _reader(file) is None:
                    skipped.endings.append(str(file))
                else:
                    found.append(SourceFile(file, clean(file.relative_to(path).as_posix())))
        elif not path.exists():
            raise CorpusError(f"{path}: no such file or folder; give a path to documents")
        elif _reader(path) is None or not path.is_file():
            raise CorpusError(f"{path}: cannot be read; valid endings: {', '.join(ENDINGS)}")
        else:
            found.append(SourceFile(path, clean(path.name)))
    if not found:
        where = ", ".join(map(str, paths)) or "no path"
        other = f" ({len(skipped.endings)} files of other endings)" if skipped.endings else ""
        raise CorpusError(f"{where}: no document to read{other}; valid endings: {', '.join(ENDINGS)}")
    return found


def read_file(file: SourceFile, skipped: Skipped) -> Iterator[Document]:
    """Read one file: one document, or one a line for JSON lines.

    Args:
        file: What to read.
        skipped: Collects documents without any text.

    Raises:
        CorpusError: The file is binary, broken, encrypted, not UTF-8, or a line is not a document.
    """
    reader = _reader(file.path)
    assert reader is not None, file
    try:
        yield from reader(file, skipped)
    except OSError as error:
        raise CorpusError(f"{file.path}: cannot be read: {error.strerror or error}") from error


def _walk(folder: Path) -> Iterator[Path]:
    def fail(error: OSError) -> None:
        raise CorpusError(f"{error.filename}: cannot be read: {error.strerror}") from error

    for parent, folders, names in os.walk(folder, onerror=fail):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if not name.startswith(".") and path.is_file():  # not a pipe, nor a dangling link
                yield path


def _reader(path: Path) -> Reader | None:
    name = path.name.lower()
    return READERS.get(next((ending for ending in ENDINGS if name.endswith(ending)), ""))

"""Document ids: short, unique in a corpus, and the same wherever the same files are read.

A file's id is its path below the folder that was given, a JSON line's is its own ``id``. Where two have the
same one, the first keeps it: the order is that of the paths, then of names. Whatever is added after it
changes no id.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from dynamicrag.retrieval.documents import SourceFile
from dynamicrag.retrieval.names import readable, shown


def with_unique_ids(files: Iterable[tuple[Path, Path]]) -> list[SourceFile]:
    """Give every file an id.

    Those whose id is taken get as many of the folders above as tell them apart: ``b/README.md``.

    Args:
        files: The files in the order of the corpus, each with the folder that its id starts from.
    """
    taken: set[str] = set()
    named = []
    for path, folder in files:
        name = next(each for each in _names(path, folder) if each not in taken)
        taken.add(name)
        named.append(SourceFile(path, name, shown(path), readable(path.relative_to(folder).as_posix())))
    return named


def _names(path: Path, folder: Path) -> Iterator[str]:
    short = path.relative_to(folder)
    yield readable(short.as_posix())
    for depth in range(len(short.parts) + 1, len(path.parts)):
        yield readable("/".join(path.parts[-depth:]))
    number = 1
    while number := number + 1:
        yield f"{readable(short.as_posix())}~{number}"


class RowIds:
    """Ids of the lines of all JSON files of a corpus.

    Args:
        reserved: Ids of the files, which no line gets.
    """

    def __init__(self, reserved: Iterable[str]) -> None:
        self._taken = set(reserved)

    def of(self, file: str) -> "FileRowIds":
        """Start with the lines of the file of that id."""
        return FileRowIds(file, self._taken)


class FileRowIds:
    """Ids of one file: ``x``, ``file.jsonl:x`` if another file has ``x``, ``x~2`` if it has two itself."""

    def __init__(self, file: str, taken: set[str]) -> None:
        self._file = file
        self._taken = taken
        self._numbers: dict[str, int] = {}
        self._mine: list[str] = []

    def claim(self, own: str) -> str:
        """Return the id of the next line, which calls itself ``own``."""
        base = own
        if own not in self._numbers and own in self._taken:
            base = f"{self._file}:{own}"
        name = base
        while name in self._taken:
            self._numbers[own] = self._numbers.get(own, 1) + 1
            name = f"{base}~{self._numbers[own]}"
        self._numbers.setdefault(own, 1)
        self._taken.add(name)
        self._mine.append(name)
        return name

    def release(self) -> None:
        """Give all ids of this file back."""
        self._taken.difference_update(self._mine)
        self._mine.clear()
        self._numbers.clear()

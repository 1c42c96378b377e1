"""Document ids: short, unique in a corpus, and the same wherever the same files are read.

A file's id is its path below the given folder, a JSON line's is its own ``id``. Of two equal ids the first
keeps it, in the order of paths, then of names. Later additions change no id.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from dynamicrag.retrieval.documents import SourceFile
from dynamicrag.retrieval.names import readable, shown


def with_unique_ids(files: Iterable[tuple[Path, Path]]) -> list[SourceFile]:
    """Give every file an id.

    A file whose id is taken gets as many parent folders as needed to be unique: ``b/README.md``.

    Args:
        files: The files in the order of the corpus, each with the base folder of its id.
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
    """Ids of the lines of one file: ``x``, ``file.jsonl:x`` if another file has ``x``, ``x~2`` for a second.

    Args:
        file: Id of the file.
        taken: Ids in use in the corpus; those of the lines are added.
    """

    def __init__(self, file: str, taken: set[str]) -> None:
        self._file = file
        self._taken = taken
        self._numbers: dict[str, int] = {}
        self._mine: list[str] = []

    def claim(self, own: str) -> str:
        """Return the id of the next line, whose own id is ``own``."""
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
        """Release all ids of this file."""
        self._taken.difference_update(self._mine)
        self._mine.clear()
        self._numbers.clear()

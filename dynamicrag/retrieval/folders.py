"""Finds the files of a corpus: hidden files are excluded, links depend on the policy.

Every file is read once, under its own name. A link to a target within the given folders is followed only if
the target is not found otherwise, so that one document never becomes two. A link that leads out of them is
not followed unless the corpus allows it. Folders that link to each other end the search.
"""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from dynamicrag.retrieval.documents import Skipped
from dynamicrag.retrieval.names import shown


class Search:
    """Searches absolute paths without links for files.

    Links that are not followed, and folders that cannot be listed, are ``skipped``.
    """

    def __init__(self, paths: Sequence[Path], skipped: Skipped, *, follow_links: bool) -> None:
        self._roots = [path for path in paths if path.is_dir()]
        self._skipped = skipped
        self._follow = follow_links
        self._files: set[Path] = set()  # real paths
        self._folders: set[Path] = set()
        self._found: list[tuple[Path, Path]] = []
        self._links: list[tuple[Path, Path]] = []

    def add(self, path: Path) -> None:
        """Search a folder, or add a file."""
        if path.is_dir():
            self._walk(path, path)
        else:
            self._take(path, path.parent, path)

    def files(self) -> list[tuple[Path, Path]]:
        """Return the files, each with the folder of its search; links are followed last."""
        for link, root in self._links:  # the list grows while linked folders are searched
            self._resolve(link, root)
        self._links = []
        return self._found

    def _walk(self, folder: Path, root: Path) -> None:
        pending = [folder]
        while pending:
            here = pending.pop()
            real = Path(os.path.realpath(here))
            if real in self._folders:
                continue
            self._folders.add(real)
            pending += reversed(self._list(here, root, real))

    def _list(self, here: Path, root: Path, real: Path) -> list[Path]:
        """Add the files of a folder and return its subfolders."""
        try:
            with os.scandir(here) as entries:
                names = sorted(
                    (entry for entry in entries if not entry.name.startswith(".")), key=lambda e: e.name
                )
        except OSError as error:
            self._skipped.fail(shown(here), f"the folder cannot be listed: {error.strerror or error}")
            return []
        folders = []
        for entry in names:
            path = Path(entry.path)
            try:
                if entry.is_symlink():
                    self._links.append((path, root))
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(path)
                elif entry.is_file(follow_symlinks=False):
                    self._take(path, root, real / entry.name)
            except OSError as error:
                self._skipped.fail(shown(path), f"cannot be read: {error.strerror or error}")
        return folders

    def _take(self, path: Path, root: Path, real: Path) -> bool:
        if real in self._files:
            return False
        self._files.add(real)
        self._found.append((path, root))
        return True

    def _resolve(self, link: Path, root: Path) -> None:
        try:
            kind = link.stat().st_mode
        except (OSError, RuntimeError) as error:  # a link to itself
            reason = getattr(error, "strerror", None) or str(error)
            self._skipped.fail(shown(link), f"a link that leads nowhere: {reason}")
            return
        real = Path(os.path.realpath(link))
        inside = any(real.is_relative_to(folder) for folder in self._roots)
        if not inside and not self._follow:
            self._skipped.note(
                shown(link),
                f"a link out of the folder, to {shown(real)}; not followed without follow_links: true",
            )
        elif stat.S_ISDIR(kind):
            self._walk(link, root)
        elif stat.S_ISREG(kind) and not self._take(link, root, real):
            self._skipped.note(shown(link), f"a link to {shown(real)}, which is read under its own name")

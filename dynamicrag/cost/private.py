"""Files that only their owner may read: what was asked, what it cost, and the key of its hashes."""

import os
from contextlib import suppress
from pathlib import Path
from stat import S_IMODE, S_ISVTX

FOLDER, FILE = 0o700, 0o600
BESIDE = ("", "-wal", "-shm", "-journal")
"""What SQLite keeps beside a database, by the end of its name."""


def private_file(path: Path) -> None:
    """Make a database that is there and its owner's alone, before anything is written to it.

    Its folder is made likewise. Both are tightened where they are there already; a folder only if it holds
    nothing but such databases, for others may have a use for it. Windows has no such modes, and keeps
    the files by the user's profile.

    Raises:
        OSError: The file cannot be made.
    """
    folder = path.parent
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=FOLDER)
        folder.chmod(FOLDER)  # whatever the umask says
    elif all(".sqlite" in entry.name for entry in folder.iterdir()):
        _tighten(folder, FOLDER)
    if not path.exists():
        number = os.open(path, os.O_CREAT | os.O_RDWR, FILE)
        os.close(number)
        path.chmod(FILE)
    for end in BESIDE:
        _tighten(path.with_name(path.name + end), FILE)


def _tighten(path: Path, most: int) -> None:
    """Take everyone's rights but the owner's; what is another's, or a folder that all share, stays."""
    if os.name == "nt":
        return
    with suppress(OSError):
        about = path.stat()
        mode = S_IMODE(about.st_mode)
        if about.st_uid == os.geteuid() and not mode & S_ISVTX and mode & ~most:
            path.chmod(mode & most)

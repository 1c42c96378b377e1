"""Lay out the documentation that ``howto.jsonl`` asks about: ``python -m tests.answers.howto_docs FOLDER``.

The pages are those of Starlette (BSD-3-Clause), read from its source distribution on PyPI, which pip
downloads. The release notes and the page for contributors are left out: nobody looks there for help.
"""

import argparse
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

NAME, VERSION = "starlette", "1.10.0"
LEFT_OUT = {"release-notes.md", "contributing.md"}


def fetch(folder: Path) -> Path:
    """Download the source distribution into a folder and return it."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", NAME]
    subprocess.run([*command, f"{NAME}=={VERSION}", "-d", str(folder)], check=True)
    return next(folder.glob(f"{NAME}-*.tar.gz"))


def lay_out(archive: Path, target: Path) -> int:
    """Write the Markdown pages of an archive's ``docs`` folder; return how many."""
    target.mkdir(parents=True, exist_ok=True)
    count = 0
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            path = PurePosixPath(member.name)
            if path.parts[1:-1] != ("docs",) or path.suffix != ".md" or path.name in LEFT_OUT:
                continue
            file = tar.extractfile(member)
            if file is not None:
                (target / path.name).write_bytes(file.read())
                count += 1
    return count


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where the pages are written")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        count = lay_out(fetch(Path(scratch)), given.folder)
    sys.stdout.write(f"{count} pages of {NAME} {VERSION}\n")


if __name__ == "__main__":
    main()

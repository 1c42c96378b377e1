"""Mappings from a user's file, with no keys but valid ones."""

from collections.abc import Iterable, Mapping
from typing import Any

from dynamicrag.errors import PolicyError, unknown


def known(data: object, where: str, valid: Iterable[str] | None = None) -> dict[str, Any]:
    """Return a mapping with no keys but valid ones.

    Raises:
        PolicyError: It is no mapping, or has another key.
    """
    if not isinstance(data, Mapping):
        raise PolicyError(f"{where}: must be a mapping, got {data!r}")
    for key in data:
        if valid is not None and key not in valid:
            raise PolicyError(unknown(where, "key", key, valid))
    return {str(key): value for key, value in data.items()}

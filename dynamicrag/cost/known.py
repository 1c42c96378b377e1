"""Mappings from a user's file, checked for unknown keys."""

from collections.abc import Iterable, Mapping
from typing import Any

from dynamicrag.errors import PolicyError, unknown


def known(data: object, where: str, valid: Iterable[str] | None = None) -> dict[str, Any]:
    """Return a mapping after checking that all its keys are valid.

    Raises:
        PolicyError: It is not a mapping, or has an unknown key.
    """
    if not isinstance(data, Mapping):
        raise PolicyError(f"{where}: must be a mapping, got {data!r}")
    for key in data:
        if valid is not None and key not in valid:
            raise PolicyError(unknown(where, "key", key, valid))
    return {str(key): value for key, value in data.items()}

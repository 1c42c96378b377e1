"""Mappings from a user's file, checked for unknown keys."""

from collections.abc import Iterable, Mapping
from typing import Any

from dynamicrag.errors import PolicyError, unknown


def known(
    data: object,
    where: str,
    valid: Iterable[str] | None = None,
    needed: Iterable[str] = (),
    hint: str = "",
) -> dict[str, Any]:
    """Return a mapping after checking its keys.

    Args:
        data: The mapping.
        where: Its place in the user's file.
        valid: Valid keys; any by default.
        needed: Keys that must be there.
        hint: The remedy if one is missing.

    Raises:
        PolicyError: It is not a mapping, has an unknown key, or lacks one.
    """
    if not isinstance(data, Mapping):
        raise PolicyError(f"{where}: must be a mapping, got {data!r}")
    for key in data:
        if valid is not None and key not in valid:
            raise PolicyError(unknown(where, "key", key, valid))
    missing = [key for key in needed if key not in data]
    if missing:
        raise PolicyError(f"{where}: lacks {', '.join(missing)}{hint}")
    return {str(key): value for key, value in data.items()}

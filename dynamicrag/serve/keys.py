"""API keys: each names a user, who may have a filter and a budget of its own."""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dynamicrag.errors import InputError, unknown
from dynamicrag.graph.call_reader import check_amount
from dynamicrag.plain_yaml import parse_yaml, read_text

__all__ = ["ENVIRONMENT", "Caller", "Keys", "keys_of", "read_keys"]

ENVIRONMENT = "DYNAMICRAG_API_KEYS"
SHORTEST, LONGEST_NAME = 16, 64
"""Characters of a key at least, and of a name at most."""
FIELDS = ("key", "filter", "budget")
_NAMED = re.compile(r"(?:(.*)=)?([^=]+=*)")
"""A key with its name, if any. A key in base64 may end with ``=``."""
MAKE_ONE = "python -c 'import secrets; print(secrets.token_urlsafe(32))'"


@dataclass(frozen=True, slots=True)
class Caller:
    """The user behind a request.

    Attributes:
        name: Name of the key; ``""`` if the server has no keys.
        filter: Metadata that every passage of its queries must have.
        budget: Limit of its cost per day, by dimension; ``None`` for the server's.
    """

    name: str = ""
    filter: Mapping[str, Any] = field(default_factory=dict)
    budget: Mapping[str, float] | None = None


class Keys:
    """The valid keys with their callers. Only hashes of keys stay in memory."""

    def __init__(self, callers: Mapping[str, Caller]) -> None:
        self._callers = [(_digest(key), caller) for key, caller in callers.items()]

    @property
    def callers(self) -> list[Caller]:
        """All callers."""
        return [caller for _, caller in self._callers]

    def caller(self, key: str) -> Caller | None:
        """Return the caller of a key, or ``None``. The time does not depend on the key's content."""
        given, found = _digest(key), None
        for digest, caller in self._callers:
            if hmac.compare_digest(digest, given):
                found = caller
        return found


def keys_of(path: Path | None, environment: Mapping[str, str]) -> Keys | None:
    """Return the keys of a file, or else of the environment; ``None`` if there are none.

    The file is YAML, a key by name, or a mapping by name with ``key``, ``filter`` and ``budget``. The
    variable has ``NAME=KEY`` or only ``KEY``, with commas between them.

    Raises:
        InputError: The file cannot be read, or a key is invalid.
    """
    if path is not None:
        try:
            data = parse_yaml(read_text(path))
        except (OSError, ValueError) as error:
            why = str(getattr(error, "strerror", None) or error)
            why += "; if it is a key, put the key in quotes" if "whole number" in why else ""
            raise InputError(f"--api-key-file {path}: {why}") from None
        return read_keys(data, str(path))
    given = [part.strip() for part in environment.get(ENVIRONMENT, "").split(",") if part.strip()]
    if not given:
        return None
    found = [_NAMED.fullmatch(part) for part in given]
    named = [each.groups() if each else ("", part) for each, part in zip(found, given, strict=True)]
    return read_keys({name or f"key{n}": key for n, (name, key) in enumerate(named, 1)}, ENVIRONMENT)


def read_keys(data: object, where: str) -> Keys:
    """Check keys by name, or mappings with a key's settings, and return them.

    Raises:
        InputError: There is no key, or one is invalid or used twice.
    """
    if not isinstance(data, Mapping) or not data:
        raise InputError(f"{where}: expected keys by name, such as 'anna: KEY'; make a key with {MAKE_ONE}")
    callers: dict[str, Caller] = {}
    for key, caller in _callers(data, where):
        if key in callers:
            raise InputError(f"{where}.{caller.name}: has the key of {callers[key].name}; give each its own")
        callers[key] = caller
    return Keys(callers)


def _callers(data: Mapping[Any, Any], where: str) -> Iterator[tuple[str, Caller]]:
    for name, given in data.items():
        place = f"{where}.{str(name)[:LONGEST_NAME]}"
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            raise InputError(f"{place}: expected a name of 1 to {LONGEST_NAME} printable characters")
        settings = given if isinstance(given, Mapping) else {"key": given}
        for each in settings:
            if each not in FIELDS:
                raise InputError(unknown(place, "key", each, FIELDS))
        key = settings.get("key")
        if isinstance(key, int | float) and not isinstance(key, bool):
            raise InputError(f"{place}: the key is read as a number; put the key in quotes")
        if not isinstance(key, str) or len(key) < SHORTEST or not key.isascii() or " " in key:
            raise InputError(
                f"{place}: expected an API key of at least {SHORTEST} ASCII characters; make one with "
                f"{MAKE_ONE}"
            )
        yield key, Caller(name, _mapping(settings, "filter", place) or {}, _budget(settings, place))


def _mapping(settings: Mapping[str, Any], key: str, place: str) -> Mapping[str, Any] | None:
    given = settings.get(key)
    if given is not None and not isinstance(given, Mapping):
        raise InputError(f"{place}.{key}: expected a mapping")
    return given


def _budget(settings: Mapping[str, Any], place: str) -> dict[str, float] | None:
    given = _mapping(settings, "budget", place)
    if given is None:
        return None
    return {name: check_amount(name, amount, f"{place}.budget") for name, amount in given.items()}


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()

"""Inspects objects of other libraries: their kind, and where they compute."""

import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from dynamicrag.types import Runs

__all__ = ["LOOPBACK", "described", "is_a", "runs_of"]

LOOPBACK = {"localhost", "127.0.0.1", "::1", "0.0.0.0"}  # noqa: S104 - compared with, not listened on
_ADDRESSES = ("base_url", "openai_api_base", "api_base", "azure_endpoint", "endpoint", "endpoint_url")
_HERE = ("HuggingFace", "ChatHuggingFace", "SentenceTransformer", "FastEmbed", "LlamaCpp", "LlamaCPP",
         "ChatLlamaCpp", "GPT4All", "Fake", "Mock", "Deterministic", "GenericFake")  # fmt: skip
"""Prefixes of classes that compute in this process unless they have an address."""


def is_a(given: Any, module: str, kind: str) -> bool:
    """Return whether an object is an instance of another library's class.

    The library is not imported: if it has not been imported before, there can be no such object.

    Args:
        given: The object.
        module: The module that has the class, by its full name.
        kind: The class's name.
    """
    base = getattr(sys.modules.get(module), kind, None)
    return isinstance(base, type) and isinstance(given, base)


def runs_of(given: Any) -> Runs:
    """Return the place that an object computes at, by its address or class; ``remote`` if neither tells."""
    hosts = [urlsplit(address).hostname for address in _addresses(given)]
    if hosts:
        return "same_host" if all(host in LOOPBACK for host in hosts) else "remote"
    name = type(given).__name__
    if name.startswith(_HERE):
        return "in_process"
    return "same_host" if "Ollama" in name else "remote"


def described(given: Any) -> str:
    """Return the description of an object of the wrong type, for messages."""
    if isinstance(given, type):
        return f"the class {given.__name__}; make an object of it"
    text = f" {given!r}" if isinstance(given, str | int | float | bool) else ""
    return f"a {type(given).__name__}{text[:80]}"


def _addresses(given: Any) -> Iterator[str]:
    for key in _ADDRESSES:
        value = getattr(given, key, None)
        if isinstance(value, str) and "://" in value:
            yield value

"""Inspects objects of other libraries: their kind, and where they compute."""

import ipaddress
import os
import socket
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from dynamicrag.types import Runs

__all__ = ["Address", "called_by", "described", "ip_of", "is_a", "on_this_host", "runs_of", "server_of"]

OLLAMA_PORT = 11434
_LOOPBACK = ("localhost", "localhost.localdomain", "localhost6", "localhost6.localdomain6", "ip6-localhost",
             "ip6-loopback")  # fmt: skip
"""Names of the loopback address in the hosts files of common systems."""
_ADDRESSES = ("base_url", "openai_api_base", "api_base", "azure_endpoint", "endpoint", "endpoint_url")
_HERE = ("HuggingFace", "ChatHuggingFace", "SentenceTransformer", "FastEmbed", "LlamaCpp", "LlamaCPP",
         "ChatLlamaCpp", "GPT4All", "Fake", "Mock", "Deterministic", "GenericFake")  # fmt: skip
"""Prefixes of classes that compute in this process unless they have an address."""


def is_a(given: Any, module: str, kind: str) -> bool:
    """Return whether an object is an instance of another library's class.

    The library is not imported: if it has not been imported before, there can be no such object.
    """
    base = getattr(sys.modules.get(module), kind, None)
    return isinstance(base, type) and isinstance(given, base)


class Address(NamedTuple):
    """The host and the port of a server."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _address_of(url: str) -> Address | None:
    """Return the address in a URL, with the scheme's port if it names none; ``None`` if it is not valid."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None
    return Address(parts.hostname, port) if parts.hostname else None


def _ollama_address(base_url: str = "") -> Address | None:
    """Return the address that Ollama's client calls: ``OLLAMA_HOST``, or this host, if none is given."""
    said = (base_url or os.environ.get("OLLAMA_HOST", "")).strip()
    if "://" in said:
        return _address_of(said)
    try:
        parts = urlsplit(f"//{said}")
        return Address(parts.hostname or "127.0.0.1", parts.port or OLLAMA_PORT)
    except ValueError:
        return None


def called_by(provider: str, base_url: str) -> Address | None:
    """Return the address that a provider's models are called at; ``None`` for the provider's own service.

    Args:
        provider: Name of the provider, as in ``provider:model``.
        base_url: The address in the model's parameters; may be empty.
    """
    if provider == "ollama":
        return _ollama_address(base_url)
    return _address_of(base_url) if base_url else None


def on_this_host(host: str | None) -> bool:
    """Return whether the host of an address is this machine: by loopback, name or IP address.

    No name server is asked, so an alias in the network's name service counts as another machine.
    """
    name = (host or "").lower().rstrip(".")
    if name in _LOOPBACK or name.endswith(".localhost"):
        return True
    own = socket.gethostname().lower()
    if name and name in (own, own.partition(".")[0]):
        return True
    ip = ip_of(name)
    return ip is not None and (ip.is_loopback or ip.is_unspecified or str(ip) in _own_addresses())


def ip_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the IP address that a host is written as; ``None`` for a name. No name server is asked.

    ``127.1``, ``2130706433``, ``0x7f.1`` and ``::ffff:127.0.0.1`` are 127.0.0.1, as for the system's own
    connections.
    """
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except (OSError, ValueError):  # a null character is a ValueError
            return None
    return getattr(ip, "ipv4_mapped", None) or ip


def _own_addresses() -> set[str]:
    import psutil

    rows = psutil.net_if_addrs().values()
    return {row.address.partition("%")[0].lower() for interface in rows for row in interface}


def runs_of(given: Any) -> Runs:
    """Return the place that an object computes at, by its address or class; ``remote`` if neither tells."""
    addresses = [_address_of(address) for address in _addresses(given)]
    if addresses:
        here = all(address is not None and on_this_host(address.host) for address in addresses)
        return "same_host" if here else "remote"
    name = type(given).__name__
    if name.startswith(_HERE):
        return "in_process"
    if "Ollama" not in name:
        return "remote"
    address = _ollama_address()
    return "same_host" if address is not None and on_this_host(address.host) else "remote"


def server_of(given: Any) -> Address | None:
    """Return the address of the server that an object calls, as far as known."""
    for address in _addresses(given):
        return _address_of(address)
    return _ollama_address() if "Ollama" in type(given).__name__ else None


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

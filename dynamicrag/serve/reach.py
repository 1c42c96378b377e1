"""Ways to reach the server: by TLS, from pages of other sites, and below a path of a proxy."""

import re
import reprlib
import ssl
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from dynamicrag.errors import InputError
from dynamicrag.serve.keys import Keys

__all__ = ["EVERY", "RootPath", "check_certificate", "check_origins", "check_root_path"]

OWN = ("v1", "docs", "openapi.json", "metrics", "healthz")
"""First parts of the server's own paths."""
_PATH = re.compile(r"(/[\w.~-]+)+", re.ASCII)
EVERY = "*"
"""The origin that stands for all sites."""


class RootPath:
    """Serves below the path of a proxy, as ``/rag``, whether or not the proxy removes that path."""

    def __init__(self, app: ASGIApp, root: str) -> None:
        self._app = app
        self._root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a connection."""
        if scope["type"] != "lifespan":
            path: str = scope["path"]
            below = path == self._root or path.startswith(f"{self._root}/")
            scope = {**scope, "root_path": self._root, "path": path if below else self._root + path}
        await self._app(scope, receive, send)


def check_root_path(given: str) -> str:
    """Return a path of a proxy without the slash at its end; ``""`` for none.

    Raises:
        InputError: It is no path.
    """
    path = given.rstrip("/")
    first, *rest = path[1:].split("/")
    if path and (not _PATH.fullmatch(path) or {".", ".."} & {first, *rest}):
        raise InputError(
            f"--root-path {reprlib.repr(given)}: expected a path, for example /rag, "
            "of letters, digits and -._~"
        )
    if first in OWN:
        raise InputError(
            f"--root-path {path}: the server itself has /{first}; choose another, for example /rag"
        )
    return path


def check_origins(given: Sequence[str], keys: Keys | None) -> None:
    """Refuse an origin that is no site's, and all sites at a time on a server without keys.

    Raises:
        InputError: An origin is invalid.
    """
    for each in given:
        if each == EVERY:
            if keys is None:
                raise InputError(
                    "--cors-origin *: without API keys, every page that a browser here opens could read the "
                    "documents; name the origins, or give --api-key-file FILE"
                )
            continue
        if not _is_origin(each):
            raise InputError(
                f"--cors-origin {each[:100]}: expected scheme and host in lower case, without "
                "wildcards, and an unusual port, for example https://app.example or http://localhost:5173"
            )


def _is_origin(given: str) -> bool:
    try:
        parts = urlsplit(given)
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return False
    usual = {"http": ":80", "https": ":443"}.get(parts.scheme)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    plain = given.isascii() and not any(each in given for each in "*, ")  # as browsers send it
    return bool(host) and plain and port != usual and given == f"{parts.scheme}://{host}{port}"


def check_certificate(certificate: Path | None, key: Path | None) -> None:
    """Refuse a certificate that cannot be used.

    Args:
        certificate: PEM file with the certificate, and those between it and a known authority.
        key: PEM file with its private key; ``None`` if the certificate's file has it.

    Raises:
        InputError: A file is missing or invalid, they do not belong together, or the key has a password.
    """
    if certificate is None:
        if key is not None:
            raise InputError(f"--ssl-keyfile {key}: its certificate is missing; give --ssl-certfile FILE")
        return
    for flag, path in (("--ssl-certfile", certificate), ("--ssl-keyfile", key)):
        try:
            if path is not None:
                path.read_bytes()
        except OSError as error:
            raise InputError(f"{flag} {path}: cannot be read: {error.strerror or error}") from None
    where = f"--ssl-certfile {certificate}" + (f" --ssl-keyfile {key}" if key else "")

    def password() -> str:
        raise InputError(f"{where}: the key has a password; give one without, which only you may read")

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password)
    except ssl.SSLError as error:
        why = (error.reason or "no PEM of a certificate and its key").replace("_", " ").lower()
        raise InputError(
            f"{where}: cannot be used ({why}); expected a certificate and its key in PEM"
        ) from None

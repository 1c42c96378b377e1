"""Decides who may ask: an ASGI layer that runs before a body is read."""

from base64 import b64decode
from collections.abc import Mapping

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from dynamicrag.serve.errors import CLOSE, Refused
from dynamicrag.serve.keys import Caller, Keys
from dynamicrag.serve.settings import is_loopback

__all__ = ["API", "Access", "caller_of", "path_of"]

OPEN = ("/healthz", "/docs", "/openapi.json")
"""Paths without a key: they tell nothing about documents or queries."""
UNKNOWN = {"www-authenticate": "Bearer", **CLOSE}
PAGE = {"www-authenticate": 'Basic realm="API key as the password", charset="UTF-8"', **CLOSE}
"""Makes a browser ask for the key, which it then sends along."""
API = "/v1/"
"""The paths of the API begin with it."""


class Access:
    """Accepts requests with a valid key; without keys, requests to a loopback name.

    Without keys, the check of the host's name keeps web pages of other origins from asking: a browser that
    was led to this machine by a foreign name sends that name.

    Args:
        app: The application behind it.
        keys: The valid keys, if there are any.
    """

    def __init__(self, app: ASGIApp, keys: Keys | None) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http" and path_of(scope) not in OPEN:
            try:
                ask = UNKNOWN if path_of(scope).startswith(API) else PAGE
                scope.setdefault("state", {})["caller"] = self._caller(Headers(scope=scope), ask)
            except Refused as refusal:
                await refusal.response()(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _caller(self, headers: Headers, ask: Mapping[str, str]) -> Caller:
        if self._keys is None:
            host = _without_port(headers.get("host", ""))
            if not is_loopback(host):
                raise Refused(
                    403, f"This server answers on this machine only, not as {host[:100]!r}.", headers=CLOSE
                )
            return Caller()
        key = _key(headers.get("authorization", ""))
        if not key:
            why = "You didn't provide an API key. Send it in the header: Authorization: Bearer YOUR_KEY."
            raise Refused(401, why, headers=ask)
        caller = self._keys.caller(key)
        if caller is None:
            why = "Incorrect API key provided."
            raise Refused(401, why, code="invalid_api_key", headers=ask)
        return caller


def _key(header: str) -> str:
    """Return the key in a header: a bearer's, or the password that a browser sends; ``""`` without one."""
    scheme, _, given = header.partition(" ")
    if scheme.lower() == "basic":
        try:
            return b64decode(given, validate=True).decode().partition(":")[2].strip()
        except ValueError:
            return ""
    return given.strip() if scheme.lower() == "bearer" else ""


def _without_port(host: str) -> str:
    return host.rpartition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]


def path_of(scope: Scope) -> str:
    """Return the path of a request below the place at which the application is mounted."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def caller_of(request: Request) -> Caller:
    """Return the caller of a request."""
    caller: Caller = request.state.caller
    return caller

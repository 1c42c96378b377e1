"""Decides who may ask: an ASGI layer that runs before a body is read."""

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from dynamicrag.serve.errors import CLOSE, Refused
from dynamicrag.serve.keys import Caller, Keys
from dynamicrag.serve.settings import is_loopback

__all__ = ["Access", "caller_of", "path_of"]

OPEN = ("/healthz", "/docs", "/openapi.json")
"""Paths without a key: they tell nothing about documents or queries."""
UNKNOWN = {"www-authenticate": "Bearer", **CLOSE}


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
                scope.setdefault("state", {})["caller"] = self._caller(Headers(scope=scope))
            except Refused as refusal:
                await refusal.response()(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _caller(self, headers: Headers) -> Caller:
        if self._keys is None:
            host = _without_port(headers.get("host", ""))
            if not is_loopback(host):
                raise Refused(
                    403, f"This server answers on this machine only, not as {host[:100]!r}.", headers=CLOSE
                )
            return Caller()
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            why = "You didn't provide an API key. Send it in the header: Authorization: Bearer YOUR_KEY."
            raise Refused(401, why, headers=UNKNOWN)
        caller = self._keys.caller(key.strip())
        if caller is None:
            why = "Incorrect API key provided."
            raise Refused(401, why, code="invalid_api_key", headers=UNKNOWN)
        return caller


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

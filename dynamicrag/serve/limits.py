"""Limits of a request's body: an ASGI layer that refuses a body before it is read."""

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from dynamicrag.serve.access import API, path_of
from dynamicrag.serve.bodies import fits, read_body, replayed, too_large
from dynamicrag.serve.errors import CLOSE, JSON, Refused

__all__ = ["BodyLimits"]


class BodyLimits:
    """Refuses bodies below ``/v1/`` that are too large, too slow, encoded, or no JSON.

    Args:
        app: The application behind it.
        most: Largest size in bytes.
        seconds: Longest time in which a body may arrive.
    """

    def __init__(self, app: ASGIApp, most: int, seconds: float) -> None:
        self._app = app
        self._most = most
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http" or not path_of(scope).startswith(API):
            await self._app(scope, receive, send)
            return
        try:
            self._check(scope["method"], Headers(scope=scope))
            body = await self._read(receive)
        except Refused as refusal:
            await refusal.response()(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, replayed(body, receive), send)

    def _check(self, method: str, headers: Headers) -> None:
        if not fits(headers, self._most):
            raise too_large(self._most)
        if headers.get("content-encoding", "identity").strip().lower() != "identity":
            why = "Unsupported content encoding: send the body as plain JSON."
            raise Refused(415, why, headers=CLOSE)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if method == "POST" and kind != JSON:
            raise Refused(415, "Unsupported content type: send the body as application/json.", headers=CLOSE)

    async def _read(self, receive: Receive) -> bytes | None:
        try:
            async with asyncio.timeout(self._seconds):
                return await read_body(receive, self._most)
        except TimeoutError:
            why = f"The body did not arrive within {self._seconds:g} s."
            raise Refused(408, why, code="timeout", headers=CLOSE) from None

"""Limits of a request's body: an ASGI layer that refuses a body before it is read."""

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dynamicrag.serve.access import path_of
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
        if scope["type"] != "http" or not path_of(scope).startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        try:
            self._check(scope["method"], Headers(scope=scope))
            body = await self._read(receive)
        except Refused as refusal:
            await refusal.response()(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, _replayed(body, receive), send)

    def _check(self, method: str, headers: Headers) -> None:
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length[:20]) > self._most:
            raise self._too_large()
        if headers.get("content-encoding", "identity").strip().lower() != "identity":
            why = "Unsupported content encoding: send the body as plain JSON."
            raise Refused(415, why, headers=CLOSE)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if method == "POST" and kind != JSON:
            raise Refused(415, "Unsupported content type: send the body as application/json.", headers=CLOSE)

    async def _read(self, receive: Receive) -> bytes | None:
        """Return the body; ``None`` if the client leaves before its end."""
        pieces, size = [], 0
        try:
            async with asyncio.timeout(self._seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    piece = message.get("body", b"")
                    size += len(piece)
                    if size > self._most:
                        raise self._too_large()
                    pieces.append(piece)
                    if not message.get("more_body", False):
                        return b"".join(pieces)
        except TimeoutError:
            why = f"The body did not arrive within {self._seconds:g} s."
            raise Refused(408, why, code="timeout", headers=CLOSE) from None

    def _too_large(self) -> Refused:
        why = f"The request body is too large; at most {self._most:,} bytes are accepted."
        return Refused(413, why, code="request_too_large", headers=CLOSE)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives the body, and then all that follows it."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return first.pop() if first else await receive()

    return replay

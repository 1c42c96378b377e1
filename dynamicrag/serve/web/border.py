"""The paths of Gradio that the page uses; all others are refused, and bodies are bounded and checked."""

import asyncio
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dynamicrag.errors import InputError
from dynamicrag.serve.access import path_of
from dynamicrag.serve.bodies import fits, read_body, replayed
from dynamicrag.serve.errors import CLOSE, Refused
from dynamicrag.serve.web.arrivals import Arrivals

__all__ = ["Border"]

EVENT_BYTES = 1_000_000
"""Largest body of an event."""
DRAIN_SECONDS = 2.0
READ = (
    "/", "/config", "/config/", "/theme.css", "/favicon.ico", "/manifest.json", "/robots.txt",
    "/gradio_api/theme.css", "/gradio_api/queue/data", "/gradio_api/startup-events", "/gradio_api/app_id",
    "/gradio_api/info",
)  # fmt: skip
READ_BELOW = ("/static/", "/assets/", "/svelte/", "/pwa_icon", "/gradio_api/heartbeat/")
JOIN, UPLOAD, PROGRESS = "/gradio_api/queue/join", "/gradio_api/upload", "/gradio_api/upload_progress"
WRITE = (JOIN, "/gradio_api/cancel", "/gradio_api/reset")


class _Body:
    """The body of a request. A refusal reads on a little before it answers.

    A client that still sends would see a broken connection instead of the answer.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._ended = False

    async def __call__(self) -> Message:
        message = await self._receive()
        self._ended = message["type"] == "http.disconnect" or not message.get("more_body", False)
        return message

    async def drain(self) -> None:
        """Read the rest, but no more than an event may have, and not for long."""
        size = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                while not self._ended and size < EVENT_BYTES:
                    size += len((await self()).get("body", b""))


class Border:
    """ASGI middleware before Gradio.

    The paths that serve files of the disk, fetch other addresses or run code are none of the page's.

    Args:
        app: Gradio's application.
        arrivals: Tells uploaded files from others.
    """

    def __init__(self, app: ASGIApp, arrivals: Arrivals) -> None:
        self._app = app
        self._arrivals = arrivals
        self._arriving = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        body = _Body(receive)
        try:
            await self._serve(scope, body, send)
        except Refused as refused:
            await body.drain()
            await JSONResponse({"detail": refused.message}, refused.status, CLOSE)(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = path_of(scope), scope["method"]
        if method in ("GET", "HEAD"):
            known = (
                path in READ or path.startswith(READ_BELOW) or (path == PROGRESS and self._arrivals.allowed)
            )
            if not known:
                raise Refused(404, "This page has no such path.")
            await self._app(scope, receive, send)
        elif method == "POST" and path in WRITE:
            body = await read_body(receive, EVENT_BYTES)
            if body is None:
                return
            try:
                checked = await asyncio.to_thread(self._arrivals.event, body) if path == JOIN else body
            except InputError as error:
                raise Refused(400, str(error)) from None
            await self._app(_as_json(scope, checked), replayed(checked, receive), send)
        elif method == "POST" and path == UPLOAD and self._arrivals.allowed:
            await self._upload(scope, receive, send)
        else:
            raise Refused(404, "This page has no such path, or accepts no files.")

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an upload on while it and the others fit."""
        most = await asyncio.to_thread(self._arrivals.room)
        size, answered = 0, False

        async def bounded() -> Message:
            nonlocal size
            message = await receive()
            piece = len(message.get("body", b""))
            size += piece
            self._arriving += piece
            if self._arriving > most:
                raise _too_large()
            return message

        async def sent(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        if not fits(Headers(scope=scope), most):
            raise _too_large()
        try:
            await self._app(scope, bounded, sent)
        except Refused:
            if not answered:
                raise
        finally:
            self._arriving -= size


def _too_large() -> Refused:
    return Refused(413, "The files are too large together; upload fewer at a time, or later.")


def _as_json(scope: Scope, body: bytes) -> Scope:
    """Return the scope of a request whose body is some JSON."""
    dropped = (b"content-length", b"content-type", b"transfer-encoding")
    headers = [(name, value) for name, value in scope["headers"] if name.lower() not in dropped]
    own = [(b"content-length", str(len(body)).encode()), (b"content-type", b"application/json")]
    return {**scope, "headers": [*headers, *own]}

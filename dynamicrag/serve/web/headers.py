"""Response headers that keep the page to its own host."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

__all__ = ["POLICY", "OwnHostOnly"]

# Gradio has inline scripts and compiles templates; pictures, styles and calls stay on this host
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class OwnHostOnly:
    """ASGI middleware that adds the headers.

    Args:
        app: The application.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Send) -> None:
        """Serve one connection."""

        async def sent(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *HEADERS]
            await send(message)

        await self._app(scope, receive, sent if scope["type"] == "http" else send)

"""The border of the page: it serves its own host, and leaves the paths of the API alone."""

from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dynamicrag.serve.access import API, path_of

__all__ = ["POLICY", "OwnHostOnly", "Page"]

# Gradio has inline scripts and compiles templates; pictures, styles and calls stay on this host
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)


class Page(Mount):
    """The page, at every path but the API's: an unknown path there is an error in the API's form."""

    def matches(self, scope: Scope) -> tuple[Match, Any]:
        """See the base class."""
        return (Match.NONE, {}) if path_of(scope).startswith(API) else super().matches(scope)


class OwnHostOnly:
    """ASGI middleware that adds the headers, and refuses what another site's page sends.

    Args:
        app: The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *HEADERS]
            await send(message)

        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _foreign(Headers(scope=scope)):
            refusal = PlainTextResponse("This page answers its own visitors only.", 403)
            await refusal(scope, receive, sent)
        else:
            await self._app(scope, receive, sent)


def _foreign(headers: Headers) -> bool:
    """Return whether a page of another origin made the request: browsers send keys along with it."""
    origin = headers.get("origin")
    own = headers.get("host"), headers.get("x-forwarded-host")  # the latter behind a proxy
    return origin is not None and urlsplit(origin).netloc not in own

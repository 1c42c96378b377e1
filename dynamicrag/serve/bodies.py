"""Reads the body of a request, and passes it on."""

from starlette.datastructures import Headers
from starlette.types import Message, Receive

from dynamicrag.serve.errors import CLOSE, Refused

__all__ = ["fits", "read_body", "replayed", "too_large"]


def fits(headers: Headers, most: int) -> bool:
    """Return whether the length that a request names is at most ``most``; true if it names none."""
    length = headers.get("content-length", "0")
    return length.isdecimal() and int(length[:20]) <= most


async def read_body(receive: Receive, most: int) -> bytes | None:
    """Return a body; ``None`` if the client leaves before its end.

    Raises:
        Refused: It has more than ``most`` bytes.
    """
    pieces, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        piece = message.get("body", b"")
        size += len(piece)
        if size > most:
            raise too_large(most)
        pieces.append(piece)
        more = message.get("more_body", False)
    return b"".join(pieces)


def replayed(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives the body, and then all that follows it."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return first.pop() if first else await receive()

    return replay


def too_large(most: int) -> Refused:
    """Return the refusal of a body of more than ``most`` bytes."""
    why = f"The request body is too large; at most {most:,} bytes are accepted."
    return Refused(413, why, code="request_too_large", headers=CLOSE)

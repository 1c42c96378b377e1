"""The HTTP status of a failed call, wherever its client keeps it."""

from collections.abc import Iterator

__all__ = ["causes", "status_of"]

DEEP = 4


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those that it was raised from."""
    each: BaseException | None = error
    for _ in range(DEEP):
        if each is None:
            return
        yield each
        each = each.__cause__


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status by which a server refused a call; ``None`` if no answer is known.

    OpenAI's and Anthropic's clients keep it in ``status_code``, those on httpx or requests in their response,
    Google's in ``code``; some integrations raise an error of their own from it.
    """
    for each in causes(error):
        response = getattr(each, "response", None)
        for found in (
            getattr(each, "status_code", None),
            getattr(response, "status_code", None),
            getattr(each, "code", None),
        ):
            if isinstance(found, int) and 400 <= found < 600:
                return int(found)
    return None

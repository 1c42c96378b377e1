"""The HTTP status of a failed call, wherever its client keeps it."""

from collections.abc import Iterator

__all__ = ["causes", "status_of"]


def causes(error: BaseException | None, *, contexts: bool = False) -> Iterator[BaseException]:
    """Yield an exception and those that it was raised from; with ``contexts`` also those being handled."""
    seen = set[int]()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (error.__context__ if contexts else None)


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

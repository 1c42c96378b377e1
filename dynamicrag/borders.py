"""Checks calls to the caller's objects: errors name the object, and results are converted to plain types.

Shipped objects keep to their contracts and are not checked.
"""

import inspect
import math
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from dynamicrag.errors import DynamicRAGError, ObjectError
from dynamicrag.plain_values import shown

__all__ = ["answered", "called", "is_ours", "method_of", "number", "plain"]

T = TypeVar("T")
Kind = type[DynamicRAGError]


def is_ours(given: object) -> bool:
    """Return whether an object's class is one of this package."""
    return type(given).__module__.partition(".")[0] == "dynamicrag"


def method_of(what: str, given: object, method: str) -> str:
    """Return the name of a method for messages, for example ``stages.context, router (Mine), choose()``."""
    return f"{what} ({type(given).__name__}), {method}"


def called(work: Callable[[], T], what: str, kind: Kind = ObjectError) -> T:
    """Call a method of the caller's object.

    Args:
        work: The call.
        what: Name of the method, for messages.
        kind: Class of the error.

    Raises:
        DynamicRAGError: Raised by the call and passed on unchanged, or caused by any other exception.
            Exceptions of LangGraph's ``interrupt()`` pass unchanged.
    """
    with _named(what, kind):
        return work()


async def answered(work: Callable[[], Awaitable[T]], what: str, kind: Kind = ObjectError) -> T:
    """Await a coroutine method of the caller's object, as :func:`called`.

    Raises:
        DynamicRAGError: As :func:`called`, or the method does not return a coroutine.
    """
    found = called(work, what, kind)
    if not inspect.isawaitable(found):
        raise kind(f"{what} returned {shown(found)} at once; write it with 'async def'")
    with _named(what, kind):
        return await found


def number(value: object) -> float:
    """Return a finite number of any library as a Python ``float``.

    Raises:
        TypeError: The value is not a finite number; the message names it.
    """
    try:
        found = math.nan if isinstance(value, str | bytes) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        raise TypeError(f"{shown(value)} is not a finite number")
    return found


def plain(value: object) -> Any:
    """Return a value as plain JSON, which any checkpointer can store; converts numpy's numbers and arrays.

    Raises:
        TypeError: The value contains something else; the message names it.
    """
    if value is None or type(value) in (str, bool, int, float):
        return value
    if isinstance(value, Mapping):
        wrong = next((key for key in value if not isinstance(key, str)), None)
        if wrong is not None:
            raise TypeError(f"the key {shown(wrong)} is not a text")
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if callable(convert := getattr(value, "tolist", None)):
        converted = convert()
        if type(converted) is not type(value):
            return plain(converted)
    for kind in (str, bool, int, float):  # subclasses, for example enumerations
        if isinstance(value, kind):
            return kind(value)
    raise TypeError(f"{shown(value)} is not plain JSON")


@contextmanager
def _named(what: str, kind: Kind) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # the caller's code can raise anything
        from langgraph.errors import GraphBubbleUp

        if isinstance(error, DynamicRAGError | GraphBubbleUp):  # meant for our callers
            raise
        raise kind(f"{what} failed: {type(error).__name__}: {error}") from error

"""Where objects of the caller's meet ours: what they raise names them, what they return is in plain types.

Shipped objects keep to their contracts and are not checked.
"""

import inspect
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from dynamicrag.errors import DynamicRAGError, ObjectError
from dynamicrag.plain_values import shown

__all__ = ["answered", "called", "is_ours", "number", "plain", "whose"]

T = TypeVar("T")
Kind = type[DynamicRAGError]


def is_ours(given: object) -> bool:
    """Return whether an object's class is one of this package."""
    return type(given).__module__.partition(".")[0] == "dynamicrag"


def whose(what: str, given: object, method: str) -> str:
    """Return what a message calls a method, such as ``stages.context, router (Mine), choose()``."""
    return f"{what} ({type(given).__name__}), {method}"


def called(work: Callable[[], T], what: str, kind: Kind = ObjectError) -> T:
    """Call an object of the caller's.

    Args:
        work: Calls it.
        what: What is called, for messages.
        kind: Class of the error.

    Raises:
        DynamicRAGError: It raised one, which passes unchanged, or anything else, which is the error's cause.
            What LangGraph's ``interrupt()`` raises passes too.
    """
    try:
        return work()
    except Exception as error:  # the caller's code can raise anything
        if _passes(error):
            raise
        raise kind(f"{what} failed: {type(error).__name__}: {error}") from error


async def answered(work: Callable[[], Awaitable[T]], what: str, kind: Kind = ObjectError) -> T:
    """As :func:`called`, of a coroutine.

    Raises:
        DynamicRAGError: Likewise, or it is no coroutine.
    """
    found = called(work, what, kind)
    if not inspect.isawaitable(found):
        raise kind(f"{what} returned {shown(found)} at once; write it with 'async def'")
    try:
        return await found
    except Exception as error:
        if _passes(error):
            raise
        raise kind(f"{what} failed: {type(error).__name__}: {error}") from error


def number(value: object) -> float:
    """Return a finite number of any library as Python's own.

    Raises:
        TypeError: It is none; the message names it.
    """
    try:
        found = math.nan if isinstance(value, str | bytes) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        raise TypeError(f"{shown(value)} is no finite number")
    return found


def plain(value: object) -> Any:
    """Return a value as plain JSON, which any checkpointer can keep; so are numpy's numbers and arrays.

    Raises:
        TypeError: It holds something else; the message names it.
    """
    if value is None or type(value) in (str, bool, int, float):
        return value
    if isinstance(value, Mapping):
        wrong = next((key for key in value if not isinstance(key, str)), None)
        if wrong is not None:
            raise TypeError(f"the key {shown(wrong)} is no text")
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if callable(convert := getattr(value, "tolist", None)):
        converted = convert()
        if type(converted) is not type(value):
            return plain(converted)
    for kind in (str, bool, int, float):  # classes of their own, such as enumerations
        if isinstance(value, kind):
            return kind(value)
    raise TypeError(f"{shown(value)} is no plain JSON")


def _passes(error: Exception) -> bool:
    """Return whether an error means something to those who called us."""
    from langgraph.errors import GraphBubbleUp

    return isinstance(error, DynamicRAGError | GraphBubbleUp)

"""Arrays that were computed for some rows at a time, put together again."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

Part = TypeVar("Part")


def rejoin(parts: Sequence[Part], rows: Sequence[NDArray[np.intp]]) -> Part:
    """Return parts as one, every row in its place: arrays, or dataclasses, mappings and tuples of arrays.

    Args:
        parts: Alike; the first axis of their arrays is the rows.
        rows: The rows of each part; together they are all rows, each once.
    """
    return _joined(parts, np.argsort(np.concatenate(list(rows))))


def _joined(parts: Sequence[Part], order: NDArray[np.intp]) -> Part:
    first: Any = parts[0]
    if isinstance(first, np.ndarray):
        return cast("Part", np.concatenate(cast("Any", parts))[order])
    if isinstance(first, Mapping):
        found: Any = {key: _joined([cast("Any", part)[key] for part in parts], order) for key in first}
        return cast("Part", found)
    if isinstance(first, tuple):
        return cast("Part", tuple(_joined(own, order) for own in zip(*cast("Any", parts), strict=True)))
    assert is_dataclass(first)
    assert not isinstance(first, type)
    names = [field.name for field in fields(first)]
    return cast("Part", replace(first, **{n: _joined([getattr(p, n) for p in parts], order) for n in names}))

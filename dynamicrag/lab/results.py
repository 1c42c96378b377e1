"""The common parts of results: they are dataclasses, and their fields are the keys of ``--json``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

import numpy as np

Interval = list[float] | None
"""The ends of a 95 % interval; ``None`` where there is none."""
KEY, OPTIONAL, FLAT = "key", "optional", "flat"
"""Metadata of a dataclass's field: its key in JSON if that is not its name; omitted if ``None``;
its own fields stand beside those of the dataclass that holds it, and none if it is ``None``."""


def plain_data(value: Any) -> Any:
    """Return plain JSON data; numbers that are not finite become ``None``."""
    if is_dataclass(value) and not isinstance(value, type):
        found: dict[str, Any] = {}
        for own in fields(value):
            held = getattr(value, own.name)
            if held is None and (OPTIONAL in own.metadata or FLAT in own.metadata):
                continue
            made = plain_data(held)
            found |= made if FLAT in own.metadata else {own.metadata.get(KEY, own.name): made}
        return found
    if isinstance(value, Mapping):
        return {str(key): plain_data(own) for key, own in value.items()}
    if isinstance(value, list | tuple):
        return [plain_data(own) for own in value]
    if isinstance(value, np.bool_ | bool):
        return bool(value)
    if isinstance(value, np.integer | int):
        return int(value)
    if isinstance(value, np.floating | float):
        return float(value) if np.isfinite(value) else None
    return value


class Result:
    """A result with the keys of ``--json``."""

    __slots__ = ()

    def as_json(self) -> dict[str, Any]:
        """Return plain data; figures that are not known are ``None``."""
        found: dict[str, Any] = plain_data(self)
        return found


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A point of a curve, with its λ; ``None`` for a point that no λ gives."""

    lam: float | None = field(metadata={KEY: "lambda"})
    cost: float
    quality: float


@dataclass(frozen=True, slots=True)
class CostRange:
    """The name of a cost, and the mean costs of the cheapest and the most expensive option."""

    name: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Method:
    """The tables of an evaluation, and its method; ``folds`` is of a cross-validation."""

    train: str
    test: str | None
    options: Sequence[str]
    queries: int
    learnt_queries: int
    folds: int | None
    seed: int
    bootstrap: int

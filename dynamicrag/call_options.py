"""The options of one call, and the filter on metadata."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Value = str | int | float | bool
"""A value in a filter: ``7`` equals ``7.0``, but neither ``"7"`` nor ``True``."""
Filter = Mapping[str, tuple[Value, ...]]
"""Valid values by metadata field. A passage must have one of them for every field."""
NO_FILTER: Filter = {}
Typed = tuple[bool, Value]


@dataclass(frozen=True, slots=True)
class CallOptions:
    """The options of one call; by default, none.

    Attributes:
        options: The forced option, by stage.
        closed: The excluded options, by stage.
        budget: Limit of the query's cost, by dimension; it only tightens the policy's limits.
        weights: Quality that one unit of a cost dimension is worth, in place of the policy's weight.
        granted: The amounts granted to the query beyond its limits, by dimension.
        asks: Whether the query may ask for more budget where its limits allow nothing.
        tags: Labels by which reports can select queries.
        user: The user, for reports.
        filter: Required metadata of every passage.
        metadata: The run's own metadata, ``config["metadata"]``, as far as its values are single.
    """

    options: Mapping[str, str] = field(default_factory=dict)
    closed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    budget: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    granted: Mapping[str, float] = field(default_factory=dict)
    asks: bool = False
    tags: tuple[str, ...] = ()
    user: str = ""
    filter: Filter = field(default_factory=dict)
    metadata: Mapping[str, Value] = field(default_factory=dict)

    def opens(self, stage: str, option: str) -> bool:
        """Return whether an option may be taken at a stage."""
        forced = self.options.get(stage)
        return option == forced if forced is not None else option not in self.closed.get(stage, ())


NO_OPTIONS = CallOptions()


def matches(metadata: Mapping[str, Any], filter: Filter) -> bool:  # noqa: A002 - users call it that
    """Return whether metadata has one of the valid values in every field.

    A missing field does not match. In a list, one item must match.
    """
    return matcher(filter)(metadata)


def matcher(filter: Filter) -> Callable[[Mapping[str, Any]], bool]:  # noqa: A002
    """Return :func:`matches` for one filter."""
    wanted = distinct(filter)
    return lambda metadata: not any(values.isdisjoint(typed(metadata.get(name))) for name, values in wanted)


def distinct(filter: Filter) -> frozenset[tuple[str, frozenset[Typed]]]:  # noqa: A002
    """Return the identity of a filter."""
    return frozenset((name, frozenset(typed(values))) for name, values in filter.items())


def typed(found: object) -> list[Typed]:
    """Return the values of a field, or of a list in it, so that ``True`` does not equal 1."""
    items = found if isinstance(found, list | tuple | set | frozenset) else (found,)
    return [(isinstance(item, bool), item) for item in items if isinstance(item, str | int | float)]

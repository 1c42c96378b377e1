"""Adds a stage of your own to the topology."""

from collections.abc import Callable
from typing import TypeVar

from dynamicrag.errors import PolicyError
from dynamicrag.plugins import if_import_fails
from dynamicrag.stages.base import STAGES, StageBase
from dynamicrag.topology import TOPOLOGY, Stage

C = TypeVar("C", bound=type[StageBase])


def add_stage(row: Stage, *, after: str) -> Callable[[C], C]:
    """Return a decorator that registers the decorated class as a stage with this row.

    Args:
        row: The row.
        after: Name of the stage that it follows.

    Raises:
        PolicyError: The name is taken or invalid, ``after`` is unknown, or the class is not a stage.
    """
    row.check()

    def add(cls: C) -> C:
        if not (isinstance(cls, type) and issubclass(cls, StageBase)):
            raise PolicyError(
                f"stage {row.name!r}: {getattr(cls, '__name__', cls)} is not a subclass of StageBase"
            )
        STAGES.discover()  # the shipped stages come first, so that a name clash is detected
        known = row.name in TOPOLOGY
        TOPOLOGY.add(row, after)
        if not known:
            if_import_fails(lambda: TOPOLOGY.remove(row.name))
        try:
            return STAGES.register(row.name)(cls)
        except PolicyError:
            if not known:
                TOPOLOGY.remove(row.name)
            raise

    return add

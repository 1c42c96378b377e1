"""What everything with a name in a registry that learns has in common: how it is saved."""

import inspect
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, ClassVar

import numpy as np

from dynamicrag.predictors.state import State


class Persistent:
    """Names the attributes that hold what it learnt, and so can be saved and built again.

    Attributes:
        registered: Its name.
        fitted: Names of the attributes that hold its arrays.
        parts: Names and types of the attributes that hold dataclasses of arrays.
    """

    registered: ClassVar[str]
    fitted: ClassVar[Sequence[str]] = ()
    parts: ClassVar[Sequence[tuple[str, type]]] = ()

    def params(self) -> dict[str, Any]:
        """Return the hyperparameters. By convention each is an attribute of the same name."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def pack(self) -> State:
        """Return what was learnt."""
        arrays = {name: np.array(getattr(self, name)) for name in self.fitted}
        for name, kind in self.parts:
            part = getattr(self, name)
            arrays |= {f"{name}/{field.name}": np.array(getattr(part, field.name)) for field in fields(kind)}
        return State({}, arrays)

    def unpack(self, state: State) -> None:
        """Take what :meth:`pack` returned."""
        for name in self.fitted:
            setattr(self, name, np.array(state.arrays[name]))
        for name, kind in self.parts:
            setattr(self, name, kind(**state.under(name)))

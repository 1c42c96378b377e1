"""Saving and loading of registered classes that learn."""

import inspect
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, ClassVar

import numpy as np

from dynamicrag.predictors.state import State


class Persistent:
    """A class that names its fitted attributes, so that it can be saved and loaded.

    Attributes:
        registered: Its name.
        fitted: Names of its array attributes.
        parts: Names and types of its attributes that are dataclasses of arrays.
    """

    registered: ClassVar[str]
    fitted: ClassVar[Sequence[str]] = ()
    parts: ClassVar[Sequence[tuple[str, type]]] = ()

    def params(self) -> dict[str, Any]:
        """Return the hyperparameters. By convention each is an attribute of the same name."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def pack(self) -> State:
        """Return the fitted state."""
        arrays = {name: np.array(getattr(self, name)) for name in self.fitted}
        for name, kind in self.parts:
            part = getattr(self, name)
            arrays |= {f"{name}/{field.name}": np.array(getattr(part, field.name)) for field in fields(kind)}
        return State({}, arrays)

    def unpack(self, state: State) -> None:
        """Restore the state from :meth:`pack`."""
        for name in self.fitted:
            setattr(self, name, np.array(state.arrays[name]))
        for name, kind in self.parts:
            setattr(self, name, kind(**state.under(name)))

"""Results as JSON: dataclasses, mappings, sequences, figures."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

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

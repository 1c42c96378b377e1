"""Figures as JSON knows them."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def plain_data(value: Any) -> Any:
    """Return what JSON knows; numbers that are none become ``None``."""
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

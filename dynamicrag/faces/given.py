"""Checks of arguments that the faces share."""

from typing import Any

from dynamicrag.errors import PolicyError
from dynamicrag.graph.rag import DynamicRAG
from dynamicrag.plain_values import shown

__all__ = ["check_count", "check_rag"]


def check_rag(rag: Any, where: str) -> None:
    """Refuse anything but a :class:`DynamicRAG`.

    Raises:
        PolicyError: It is something else.
    """
    if not isinstance(rag, DynamicRAG):
        raise PolicyError(
            f"{where}: rag is a {type(rag).__name__}; give the object that DynamicRAG.from_policy(…) returns"
        )


def check_count(value: Any, where: str) -> None:
    """Refuse anything but a whole number from 1.

    Raises:
        PolicyError: It is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise PolicyError(f"{where}: expected a whole number from 1, got {shown(value)}")

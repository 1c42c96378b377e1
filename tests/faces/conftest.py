"""The fixtures of the graph's tests."""

from tests.graph.conftest import ask, docs, make

__all__ = ["ask", "docs", "make"]

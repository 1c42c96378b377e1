"""The package's own files, parsed once."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "dynamicrag").rglob("*.py"))


@cache
def imports_in(path: Path) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """Return all imports of a file, also those within functions and conditions.

    Only statements are visited: expressions are most of a tree, and hold no import.
    """
    found: list[ast.Import | ast.ImportFrom] = []
    waiting: list[ast.AST] = [ast.parse(path.read_text("utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.append(node)
        for block in ("body", "orelse", "finalbody", "handlers", "cases"):
            inside = getattr(node, block, None)
            waiting += inside if isinstance(inside, list) else ()
    return tuple(found)

"""The page of errors: the hierarchy as a tree, and every class."""

import inspect

from dynamicrag import errors

INTRODUCTION = """# Errors

DynamicRAG raises these errors on purpose. A message says where the mistake is, what is wrong, what is valid
and how to mend it. `except DynamicRAGError` catches them all. The command line prints the message alone and
exits with code 1; `--debug` adds the traceback.

```text
{tree}
```

## The classes
"""


def page() -> str:
    """Return the page."""
    kinds = tree(errors.DynamicRAGError)
    width = max(len(mark + kind.__name__) for mark, kind in kinds)
    lines = [f"{mark + kind.__name__:{width}}  {_first(kind)}" for mark, kind in kinds]
    members = [f"::: dynamicrag.errors.{kind.__name__}" for _, kind in kinds]
    return "\n\n".join([INTRODUCTION.format(tree="\n".join(lines)), *members]) + "\n"


def tree(kind: type, mark: str = "", below: str = "") -> list[tuple[str, type]]:
    """Return a class and all that derive from it within the module, each with its branch of the tree."""
    rows = [(mark, kind)]
    children = [each for each in kind.__subclasses__() if each.__module__ == errors.__name__]
    for n, child in enumerate(children, 1):
        last = n == len(children)
        branch, gap = ("└── ", "    ") if last else ("├── ", "│   ")
        rows += tree(child, below + branch, below + gap)
    return rows


def _first(kind: type) -> str:
    return (inspect.getdoc(kind) or "").partition("\n")[0]

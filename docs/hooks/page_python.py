"""The page of the Python interface: every public name, by what it is for."""

import re

import dynamicrag
from dynamicrag import errors, testing

INTRODUCTION = """# Python

Every name below is imported from `dynamicrag`. All other modules may change without notice, except
`dynamicrag.errors` and `dynamicrag.testing`. The errors have [their own page](errors.md).
"""
FOR_TESTS = """## For your tests

These stand-ins are in `dynamicrag.testing`. None of them needs weights or a network.
"""
HEADINGS = {"To use it:": "Use", "To extend it": "Extend"}
"""Paragraphs of the package's docstring, and the headings that the names below them stand under."""


def page() -> str:
    """Return the page."""
    parts = [INTRODUCTION]
    for heading, names in groups().items():
        parts.append(f"## {heading}")
        parts += [f"::: dynamicrag.{name}" for name in names]
    parts.append(FOR_TESTS)
    parts += [f"::: dynamicrag.testing.{name}" for name in testing.__all__]
    return "\n\n".join(parts) + "\n"


def groups() -> dict[str, list[str]]:
    """Return the public names by heading, in the order in which the package's docstring explains them."""
    left = [name for name in dynamicrag.__all__ if name not in errors.__all__]
    found: dict[str, list[str]] = {}
    names: list[str] = []
    for line in (dynamicrag.__doc__ or "").splitlines():
        for words, heading in HEADINGS.items():
            if line.startswith(words):
                names = found.setdefault(heading, [])
        for name in re.findall(r"``(\w+)``", line):
            if found and name in left:
                left.remove(name)
                names.append(name)
    return {**found, **({"Further": left} if left else {})}

"""Docstrings are written with Sphinx's roles; the pages are Markdown.

A Griffe extension that rewrites every docstring, so that ``:class:`Stage``` becomes `` `Stage` `` and a
paragraph that ends with two colons is followed by a block of code.
"""

import re
from typing import Any

import griffe

_ROLE = re.compile(r":(?:class|mod|func|meth|data|attr|exc|py:\w+):`(~?)([^`]+)`")
_LITERAL = re.compile(r"``([^`]+)``")
_BLOCK = re.compile(r"::\n\n((?:[ ]+\S.*\n?|\n)+)")


def as_markdown(text: str) -> str:
    """Return a docstring's prose as Markdown."""
    text = _ROLE.sub(lambda found: f"`{found[2].rpartition('.')[2] if found[1] else found[2]}`", text)
    text = _LITERAL.sub(lambda found: f"`{found[1]}`", text)
    return _BLOCK.sub(lambda found: f":\n\n{found[1]}", text)


class SphinxRoles(griffe.Extension):
    """Rewrites docstrings before mkdocstrings reads them."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Rewrite the docstring of an object."""
        del kwargs
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)

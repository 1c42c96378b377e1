"""What the generated pages are written with: tables, types in words, and the parts of a docstring."""

import inspect
import types
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import griffe
from sphinx_roles import as_markdown
from typing_extensions import is_typeddict

WORDS = {
    str: "text", int: "whole number", float: "number", bool: "`true` or `false`", dict: "mapping",
    list: "list", type(None): "nothing", Any: "any value", object: "any value",
}  # fmt: skip
"""Types as a reader of YAML calls them."""
SCALARS = {str, bool, int, float}
"""Together they are any single value."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; nothing without rows."""
    lines = [[_cell(cell) for cell in row] for row in rows]
    if not lines:
        return ""
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *lines]) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


class Doc:
    """A docstring, read by its Google sections: the first line, all prose, and what is said by name."""

    def __init__(self, described: object) -> None:
        self.text = ""
        self.named: dict[str, str] = {}
        text = inspect.cleandoc(getattr(described, "__doc__", "") or "")
        for section in griffe.Docstring(text).parse("google", warnings=False):
            if section.kind is griffe.DocstringSectionKind.text:
                self.text += ("\n\n" if self.text else "") + as_markdown(section.value)
            elif section.kind in (
                griffe.DocstringSectionKind.attributes,
                griffe.DocstringSectionKind.parameters,
            ):
                self.named |= {each.name: as_markdown(each.description) for each in section.value}

    @property
    def first(self) -> str:
        """The first line."""
        return self.text.partition("\n")[0]

    @classmethod
    def of_all(cls, kind: type) -> "Doc":
        """Read a class; what it does not say by name, the classes that it derives from do."""
        doc = cls(kind)
        for base in kind.__mro__[1:]:
            if base.__module__.startswith("dynamicrag"):
                doc.named = {**cls(base).named, **doc.named}
        return doc


def in_words(kind: Any, link: Callable[[type], str] | None = None) -> str:
    """Return a type in words.

    Args:
        kind: An annotation.
        link: Returns the link to a class of ours.
    """
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return in_words(args[0], link)
    if origin is Literal:
        return either([f"`{value}`" for value in args])
    if origin in (Union, types.UnionType):
        bare = [get_args(each)[0] if get_origin(each) is Annotated else each for each in args]
        if set(bare) >= SCALARS:
            bare = [Any, *(each for each in bare if each not in SCALARS)]
        return either(list(dict.fromkeys(in_words(each, link) for each in bare if each is not type(None))))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"mapping: {in_words(args[0], link)} → {in_words(args[1], link)}"
    if isinstance(origin, type) and issubclass(origin, Collection):
        return f"list: {in_words(args[0], link)}"
    if is_typeddict(kind):
        return f"[`{kind.__name__}`](#{kind.__name__.lower()})"
    if isinstance(kind, type) and link is not None and kind not in WORDS:
        return link(kind)
    return WORDS.get(kind, f"`{getattr(kind, '__name__', kind)}`")


def either(names: Sequence[str]) -> str:
    """Return alternatives: ``a, b or c``."""
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else "".join(names)


def default(value: Any) -> str:
    """Return a default as it is written in YAML; nothing where it says nothing."""
    if value is None or value in ("", {}, [], ()):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str | int | float):
        return f"`{value}`"
    if isinstance(value, Sequence) and all(isinstance(each, str) for each in value):
        return f"`[{', '.join(value)}]`"
    return f"`{value}`"


def parameters(kind: type, skip: Collection[str] = ("deps",)) -> str:
    """Return the table of what a registered class takes in a policy."""
    hints = inspect.get_annotations(kind.__init__, eval_str=True)  # type: ignore[misc]  # a class
    said = Doc.of_all(kind).named
    rows = [
        (f"`{name}`", in_words(hints.get(name, Any)),
         "required" if each.default is each.empty else default(each.default), said.get(name, ""))
        for name, each in inspect.signature(kind).parameters.items() if name not in skip
    ]  # fmt: skip
    return table(("parameter", "type", "default", "what it does"), rows)

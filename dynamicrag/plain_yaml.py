"""Reads users' YAML: plain values only, without unbounded expansion or nesting.

An alias is short to write and may have a large content, so values are counted as they are composed, each
alias with its whole content. Nothing is built before the whole file is known to be within the limits.
"""

from collections.abc import Hashable
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any

import yaml

from dynamicrag.plain_values import MOST_DEPTH, MOST_VALUES, check_plain, shown

MOST_BYTES = 1_000_000
_NOT_PLAIN = ("binary", "omap", "pairs", "set")
"""YAML types without a JSON equivalent."""
_BROKEN = (ValueError, OverflowError, IndexError, KeyError, AttributeError, TypeError)
"""Exceptions of PyYAML's constructors on a value that does not fit its tag."""


class _Loader(yaml.SafeLoader):
    """Refuses duplicate or non-scalar keys, loops, and values beyond the limits."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = self._count = 0
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        before = self._count
        if isinstance(event, yaml.AliasEvent):
            node = super().compose_node(parent, index)
            if id(node) not in self._sizes:
                raise _refusal(f"*{event.anchor} refers to a value that contains it", event)
            self._count += self._sizes[id(node)]
        else:
            self._count, self._depth = before + 1, self._depth + 1
            if self._depth > MOST_DEPTH:
                raise _refusal(f"lists and mappings are more than {MOST_DEPTH} deep in each other", event)
            node = super().compose_node(parent, index)
            self._depth -= 1
            self._sizes[id(node)] = self._count - before
        if self._count > MOST_VALUES:
            raise _refusal(
                f"more than {MOST_VALUES:,} values, each alias counted with its whole content", event
            )
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _refusal("a list or a mapping cannot be a key; write a name", key)
            if key.value in seen:
                raise _refusal(f"key {shown(key.value)} twice", key)
            seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except _BROKEN as error:
            raise _refusal(f"{shown(node.value)} cannot be read: {error}", node) from None


_Loader.yaml_constructors = {
    tag: build
    for tag, build in yaml.SafeLoader.yaml_constructors.items()
    if tag is None or tag.rpartition(":")[2] not in _NOT_PLAIN
}


def _refusal(problem: str, at: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(None, None, problem, at.start_mark)


def parse_yaml(text: str) -> Any:
    """Parse a YAML text.

    Raises:
        ValueError: It is not valid YAML, or beyond a limit; the message names the line.
    """
    try:
        value = yaml.load(text, _Loader)  # noqa: S506 - _Loader is a SafeLoader
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ValueError(
            f"line {line}: not valid YAML: the character #x{error.character:04x} is not allowed"
        ) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}: " if mark else ""
        raise ValueError(f"{place}not valid YAML: {getattr(error, 'problem', error)}") from None
    check_plain(value)
    return value


def read_text(path: Path) -> str:
    """Return a file's text, in UTF-8 or with a byte order mark in UTF-16.

    Raises:
        FileNotFoundError: The file is missing.
        ValueError: It is a folder or a device, too large, not text, or unreadable.
    """
    try:
        about = path.stat()
        if S_ISDIR(about.st_mode):
            raise ValueError("it is a folder; give a file")
        if not S_ISREG(about.st_mode):  # reading a pipe without a writer would block forever
            raise ValueError("it is not a regular file; save it as one")
        if about.st_size > MOST_BYTES:
            raise ValueError(f"{about.st_size:,} bytes; at most {MOST_BYTES:,} are read")
        data = path.read_bytes()
        wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        return data.decode("utf-16" if wide else "utf-8-sig")
    except FileNotFoundError:
        raise
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line}: it is not UTF-8 text ({error.reason}); save it as UTF-8") from None
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from None

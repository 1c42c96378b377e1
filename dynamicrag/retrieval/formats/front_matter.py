"""Front matter: settings of a Markdown page before its text, in YAML or TOML."""

import re
import tomllib
from collections.abc import Mapping
from typing import Any, NamedTuple

from dynamicrag.retrieval.metadata import plain_metadata

_FENCES = {"---": ("---", "..."), "+++": ("+++",)}
_LONGEST = 20_000  # characters; longer blocks are not front matter
_KEPT = ("subtitle", "description", "summary", "author", "authors", "date", "tags", "keywords", "categories")
_TITLE = re.compile(r"""^title[ \t]*[:=][ \t]*(["']?)(.+?)\1[ \t]*$""", re.MULTILINE)
_SETTING = re.compile(r"\s|#|- |[\w.\"'-]+[ \t]*[:=]|[\]})]")


class Page(NamedTuple):
    """A page: its title, descriptive settings as lines of ``key: value``, the text, all plain settings."""

    title: str
    about: str
    text: str
    metadata: Mapping[str, Any]


def front_matter(text: str) -> Page:
    """Split a page."""
    first, _, rest = text.lstrip("\ufeff").partition("\n")
    fence = first.rstrip()
    if fence not in _FENCES:
        return Page("", "", text, {})
    lines = rest[:_LONGEST].split("\n")
    end = next((n for n, line in enumerate(lines) if line.rstrip() in _FENCES[fence]), -1)
    if end < 0:
        return Page("", "", text, {})
    head, body = "\n".join(lines[:end]), "\n".join([*lines[end + 1 :]]) + rest[_LONGEST:]
    settings = _settings(head, fence)
    if settings is None:  # text between two horizontal rules
        return Page("", "", text, {})
    kept = [(key, _plain(settings.get(key))) for key in _KEPT]
    about = "".join(f"{key}: {value}\n" for key, value in kept if value)
    return Page(_plain(settings.get("title")), about, body, plain_metadata(settings))


def _settings(head: str, fence: str) -> Mapping[Any, Any] | None:
    import yaml

    try:
        read = tomllib.loads(head) if fence == "+++" else yaml.safe_load(head)
    except (yaml.YAMLError, ValueError, RecursionError, TypeError):
        # Titles with a colon are not YAML, but common.
        if all(_SETTING.match(line) for line in head.split("\n") if line):
            return {"title": found[2]} if (found := _TITLE.search(head)) else {}
        return None
    if read is None:
        return {}
    return read if isinstance(read, Mapping) else None


def _plain(value: Any) -> str:
    """Return a setting as text; nested settings have none."""
    if isinstance(value, list):
        return ", ".join(filter(None, (_plain(item) for item in value[:50] if not isinstance(item, list))))
    if value is None or isinstance(value, Mapping | set | bytes | bool):
        return ""
    try:
        return " ".join(str(value).split())
    except ValueError:  # a number of thousands of digits
        return ""

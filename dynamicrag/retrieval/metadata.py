"""Metadata of documents, for filters: from the file, from the policy, and from the file's location.

A file's own metadata is stored with it: the front matter of Markdown, and the fields of a JSON line
besides ``id``, ``title`` and ``text``. Rules of the policy (``corpora.NAME.metadata``) override it, then
``document``, ``file`` and ``folder`` are added: no author of a document can claim another tenant's.
"""

import math
import re
from collections.abc import Mapping
from datetime import date
from fnmatch import translate
from itertools import islice
from numbers import Integral
from typing import Any

FILE = "file"
MOST_FIELDS, MOST_ITEMS, LONGEST = 50, 100, 500
"""Limits of a file's own metadata: fields, items of a list, characters of a text."""
MOST_KEPT, LONGEST_KEPT = 16, 200
"""Limits of a passage's metadata: fields, and characters of a name or a value. States are stored often."""

Rules = Mapping[str, Mapping[str, Any]]
"""Metadata by pattern of the file's path below the corpus folder; ``*`` also matches slashes."""


def plain_metadata(given: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the fields usable in filters: texts, numbers, booleans, dates, lists of these."""
    found: dict[str, Any] = {}
    for key, value in given.items():
        kept = [item for item in map(_plain, value[:MOST_ITEMS]) if item is not None] if isinstance(
            value, list
        ) else _plain(value)  # fmt: skip
        if isinstance(key, str) and kept is not None and len(found) < MOST_FIELDS:
            found[key] = kept
    return found


def single_values(given: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the short single values of metadata, as kept with a passage in a graph's state."""
    plain = plain_metadata({key: value for key, value in given.items() if not isinstance(value, list)})
    short = ((key, value) for key, value in plain.items() if len(str(value)) <= LONGEST_KEPT)
    readable = ((key, value) for key, value in short if key.isprintable() and len(key) <= LONGEST_KEPT)
    return dict(islice(readable, MOST_KEPT))


def _plain(value: object) -> str | int | float | bool | None:
    if isinstance(value, date):  # a time is one too
        return value.isoformat()
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode() if len(value) <= LONGEST else None
    if isinstance(value, bool):
        return value
    if isinstance(value, Integral):  # also NumPy's, which no checkpointer stores
        whole = int(value)
        return whole if abs(whole) <= 2**63 else None  # its digits alone could take seconds
    return float(value) if isinstance(value, float) and math.isfinite(value) else None


class Metadata:
    """Combines the metadata of files with the policy's rules and the files' locations; a later rule wins."""

    def __init__(self, rules: Rules) -> None:
        self._rules = [(re.compile(translate(pattern)).match, fields) for pattern, fields in rules.items()]

    def of(self, document: str, own: Mapping[str, Any]) -> dict[str, Any]:
        """Return all metadata of a document, given its file's ``own``, with the file's path."""
        file = str(own[FILE])
        said = dict(own)
        for applies, fields in self._rules:
            if applies(file):
                said.update(fields)
        parts = file.split("/")
        folders = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
        return {**said, "document": document, FILE: file, "folder": folders}

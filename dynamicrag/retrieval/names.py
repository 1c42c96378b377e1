"""File names as text: names can have any bytes, but ids, titles and messages must be clean text."""

import os
import re
from pathlib import Path

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def shown(path: Path | str) -> str:
    r"""Return a path as storable, printable and unique text.

    Bytes that are not UTF-8 and line breaks are written as ``\xfc`` and ``\n``.
    """
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def readable(name: str) -> str:
    """Return a file name as clean text; bytes that are not UTF-8 are read as Windows-1252."""
    try:
        name.encode()
    except UnicodeEncodeError:
        name = os.fsencode(name).decode("cp1252", "replace")
    return _CONTROL.sub(" ", name)

"""Cleans text for any database, terminal and tokenizer."""

import re

from dynamicrag.retrieval.limits import LONGEST_RUN

_BREAK = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_SPACES = re.compile(r"[^\S\n]{100,}+")
_LINES = re.compile(r"\n(?:[ \t]*+\n){3,}+")
_REPEATED = re.compile(r"([^\w\s])(?<!\1\1)\1{99,}+")
_DATA = re.compile(rf"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/=_-]{{{LONGEST_RUN},}}+")
_WRAPPED = re.compile(r"^(?:[A-Za-z0-9+/]{60,100}+={0,2}+\n){16,}+(?:[A-Za-z0-9+/]{1,100}+={0,2}+$)?+", re.M)


def clean(text: str) -> str:
    r"""Return ``text`` without control characters and lone surrogates, with lines ended by ``\n``."""
    text = _CONTROL.sub("", _BREAK.sub("\n", text))
    return text.encode("utf-8", "replace").decode()


def tidy(text: str) -> tuple[str, int]:
    """Clean ``text`` and remove unreadable data.

    Long runs of spaces, empty lines and one sign are shortened. Data encoded as letters (base64, hexadecimal)
    of ``LONGEST_RUN`` or more characters is removed.

    Returns:
        The text, and the number of characters of data removed.
    """
    text = _REPEATED.sub(r"\1\1\1", _SPACES.sub(" " * 8, clean(text)))
    text = _LINES.sub("\n\n\n", text)
    before = len(text)
    text, runs = _DATA.subn("…", text)
    text, blocks = _WRAPPED.subn("…\n", text)
    return text, before - len(text) if runs + blocks else 0


def one_line(text: str) -> str:
    """Return ``text`` as a single line, for titles."""
    return " ".join(clean(text).split())

"""Standard streams: every encoding can print the output, and a full or closed stream is reported once."""

import codecs
import io
import os
import sys
import unicodedata
from contextlib import suppress

INSTEAD = {
    "…": "...", "–": "-", "—": "-", "‑": "-", "−": "-", "•": "*", "·": ".", "●": "*", "›": ">", "×": "x",
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "✓": "+", "✗": "x", "→": "->",
    "←": "<-", "↑": "^", "↓": "v", "≈": "~", "≤": "<=", "≥": ">=", "±": "+/-", "λ": "lambda", "Σ": "sum",
    "µ": "u", "█": "#", "│": "|", "─": "-", "━": "-",
}  # fmt: skip
"""Replacements for characters that the terminal's encoding lacks."""
DEGRADE = "dynamicrag.degrade"


def degrade(error: UnicodeError) -> tuple[str, int]:
    """Return ASCII for characters that an encoding lacks; an error handler of :mod:`codecs`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_ascii, error.object[error.start : error.end])), error.end


def _ascii(character: str) -> str:
    if character in INSTEAD:
        return INSTEAD[character]
    if "\u2500" <= character <= "\u28ff":  # lines of boxes and bars, and the dots of spinners
        return "-"
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain or "?"


def prepare() -> None:
    """Make sure that no character can end a command because the streams' encodings lack it."""
    codecs.register_error(DEGRADE, degrade)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=DEGRADE)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")


def flush() -> OSError | None:
    """Write buffered output; after a failure discard it and return the error."""
    failure = None
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except OSError as error:
            failure = failure or error
            discard(stream)
    return failure


def discard(stream: object) -> None:
    """Redirect a stream to nowhere: Python would try to write its buffer again at exit, and complain."""
    with suppress(OSError, ValueError, AttributeError):
        number = stream.fileno()  # type: ignore[attr-defined]
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)

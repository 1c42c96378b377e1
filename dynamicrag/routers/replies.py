"""Finds the option that a model's reply names, in any of the forms in which models reply.

Models asked for one name also answer with JSON, quotes, a label, a sentence, a number of the list, a cut
name, or their thoughts. LangChain's and LlamaIndex's selectors ask for JSON and fail on everything else; here
a reply counts if it names exactly one option.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

__all__ = ["normal", "picked"]

KEYS = (
    "option", "choice", "answer", "name", "route", "destination", "selection", "selected", "index", "number",
)  # fmt: skip
"""Keys of JSON replies that hold the choice, most telling first; others may hold reasons."""
SHORTEST = 3
"""Least number of letters of a cut name."""
_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_UNOPENED = re.compile(r"\A.*</(?:think|thinking|reasoning)>", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```\w*")
_JSON = re.compile(r"[{\[].*[}\]]", re.DOTALL)
_LABEL = re.compile(
    r"^\W*(?:the )?(?:best |chosen |selected |final )?(?:option|choice|answer|selection)\b(?: is)?\W*",
    re.IGNORECASE,
)
_EDGES = re.compile(r"^\W+|\W+$")
_LETTER = "0-9A-Za-z\u00c0-\u024f"
"""Letters and digits at which a name in Latin script does not end."""


def picked(reply: str, names: Sequence[str]) -> str | None:
    """Return the option that a reply names, or ``None`` if it names none or several.

    The first rule that finds an option decides: the reply in JSON; the whole reply, its first or its last
    line is a name, in any case, quotes or marks, also after a label such as "Option:"; it is a number from 1
    in the list; it names exactly one option as a whole word; it is the beginning of exactly one name.
    Thoughts (``<think>``) are ignored. ``names`` are in the order of the numbered list in the prompt.
    """
    text = _FENCE.sub("", _UNOPENED.sub("", _THOUGHT.sub("", reply))).strip()
    found = _in_json(text, names)
    if found is not None:
        return found
    lines = [line for line in text.splitlines() if line.strip()] or [""]
    whole = {_whole(said, names) for said in (text, lines[0], lines[-1])} - {None}
    if whole:
        return whole.pop() if len(whole) == 1 else None
    return _mentioned(text, names) or _begun(text, names)


def normal(text: str) -> str:
    """Return a text for comparisons: case, marks around it and the kind of separators do not count."""
    return _EDGES.sub("", re.sub(r"[\s_-]+", " ", text.casefold()))


def _in_json(text: str, names: Sequence[str]) -> str | None:
    match = _JSON.search(text)
    try:
        content: Any = json.loads(match[0]) if match else None
    except (ValueError, RecursionError):
        return None
    if isinstance(content, list) and len(content) == 1:
        content = content[0]
    for value in _values(content):
        found = _whole(str(value), names)
        if found is not None:
            return found
    return None


def _values(content: Any) -> Iterator[str | int]:
    if isinstance(content, dict):
        lower = {str(key).casefold(): value for key, value in content.items()}
        found = [lower[key] for key in KEYS if key in lower]
        content = found or (list(lower.values()) if len(lower) == 1 else [])
    for value in content if isinstance(content, list) else [content]:
        if isinstance(value, str | int) and not isinstance(value, bool):
            yield value


def _whole(said: str, names: Sequence[str]) -> str | None:
    """Return the option whose name or number is the whole text."""
    for text in (said, _LABEL.sub("", said)):
        same = [name for name in names if normal(name) == normal(text)]
        if len(same) > 1:  # names that differ only in case or separators
            same = [name for name in same if name == text.strip(" \t\r\n.,:;!\"'`*()[]")]
        if same:
            return same[0] if len(same) == 1 else None
        number = re.fullmatch(r"\W*(\d{1,3})\W*", text)
        if number and 1 <= int(number[1]) <= len(names):
            return names[int(number[1]) - 1]
    return None


def _mentioned(said: str, names: Sequence[str]) -> str | None:
    """Return the only option named in a text as a whole word; a longer name hides those within it."""
    text = normal(said)
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(normal(name), []).append(name)
    found: list[str] = []
    for own in sorted(filter(None, alike), key=len, reverse=True):
        match = re.compile(rf"(?<![{_LETTER}]){re.escape(own)}(?![{_LETTER}])")
        if match.search(text):
            found += alike[own]
            text = match.sub("\0", text)
    return found[0] if len(found) == 1 else None


def _begun(said: str, names: Sequence[str]) -> str | None:
    """Return the only option whose name begins with a text: a reply that its limit has cut."""
    text = normal(_LABEL.sub("", said))
    fits = [name for name in names if len(text) >= SHORTEST and normal(name).startswith(text)]
    return fits[0] if len(fits) == 1 else None

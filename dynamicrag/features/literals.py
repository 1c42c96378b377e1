"""Counts the parts of a question that documents spell in the same way: quotes, identifiers and code."""

import re

_QUOTED = re.compile(r"\"[^\"\n]{2,}\"|“[^”\n]{2,}”|„[^“\n]{2,}“|«[^»\n]{2,}»|「[^」\n]+」|`[^`\n]+`")
_IDENTIFIER = re.compile(
    r"\b(?=\w*[^\W\d_])(?=\w*\d)\w{2,}\b"  # letters and digits: M25, v2
    r"|\b[^\W_]+(?:-[^\W_]+)*-\d[\w-]*\b"  # XR-7
    r"|\b\w+(?:_\w+)+\b"  # max_tokens
    r"|\b[a-z]+[A-Z]\w*\b"  # maxTokens
    r"|\b\w+(?:\.\w+)+\(|\b\w+\(\)|--\w[\w-]+"  # json.loads(, main(), --verbose
    r"|(?<!\w)/\w[\w.-]*/[\w./-]+"  # /etc/hosts
)
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th|s|er|e|º|ª)", re.IGNORECASE)


def literals(question: str) -> float:
    """Return the number of quotes, identifiers and pieces of code in a question."""
    quoted = _QUOTED.findall(question)
    names = _IDENTIFIER.findall(_QUOTED.sub(" ", question))
    return float(len(quoted) + sum(not _ORDINAL.fullmatch(name) for name in names))

"""Counts the parts of a question that documents spell in the same way: quotes, identifiers and code."""

import re

_QUOTED = re.compile(
    r"\"[^\"\n]{2,200}\"|“[^”\n]{2,200}”|„[^“\n]{2,200}“|«[^»\n]{2,200}»|「[^」\n]{1,200}」|`[^`\n]{1,200}`"
)
_IDENTIFIER = re.compile(
    r"(?=\d*[^\W\d_])(?=\D*\d)\w{2,}"  # letters and digits: M25, v2
    r"|[^\W_]+(?:-[^\W_]+)*-\d[\w-]*"  # XR-7
    r"|\w+(?:_\w+)+|[a-z]+[A-Z]\w*"  # max_tokens, maxTokens
    r"|[\w.]+\(.*|--\w[\w-]+|/\w[\w.-]*/[\w./-]+"  # json.loads(text), --verbose, /etc/hosts
)
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th|s|er|e|º|ª)", re.IGNORECASE)
_AROUND = ".,;:!?'\"[]{}<>"
LONGEST = 60
"""Longest identifier in letters."""


def literals(question: str) -> float:
    """Return the number of quotes, identifiers and pieces of code in a question."""
    quoted = _QUOTED.findall(question)
    words = (word.strip(_AROUND) for word in _QUOTED.sub(" ", question).split())
    names = [word for word in words if len(word) <= LONGEST and _IDENTIFIER.fullmatch(word)]
    return float(len(quoted) + sum(not _ORDINAL.fullmatch(name) for name in names))

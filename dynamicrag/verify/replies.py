"""Parses a verdict from a model's reply: from probabilities if available, else from the word."""

import re
from collections.abc import Iterable

from dynamicrag.llm.completion import Completion

YES = frozenset({"true", "yes", "right", "correct"})
NO = frozenset({"false", "no", "wrong", "incorrect"})
_WORD = re.compile(r"\W*([A-Za-z]+)\W*")
_LEAST = 0.01  # of the probability; a token below it counts as neither


def probability_of_yes(reply: Completion) -> float | None:
    """Return the probability of yes among yes and no; ``None`` if the reply has neither.

    It is computed from the alternatives of the first token that is yes or no.
    """
    for token in reply.tokens:
        yes, no = _mass(token.top, YES), _mass(token.top, NO)
        if yes + no >= _LEAST:
            return yes / (yes + no)
        if token.text.strip(' \n\t*"'):
            break  # it begins with something else
    said = yes_or_no(reply.text)
    return None if said is None else float(said)


def yes_or_no(text: str) -> bool | None:
    """Return whether the first word of a text is yes or no; ``None`` for neither."""
    found = _WORD.match(text)
    word = found[1].lower() if found else ""
    return (word in YES) if word in YES | NO else None


def _mass(top: Iterable[tuple[str, float]], words: frozenset[str]) -> float:
    return sum(p for token, p in top if token.strip().lower() in words)

"""How a verdict is read from a model's reply: by its probabilities where there are some, else by its word."""

import re
from collections.abc import Iterable

from dynamicrag.llm.completion import Completion

YES = frozenset({"true", "yes", "right", "correct"})
NO = frozenset({"false", "no", "wrong", "incorrect"})
_WORD = re.compile(r"\W*([A-Za-z]+)\W*")
_LEAST = 0.01  # of the probability; below it, a token says neither


def probability_of_yes(reply: Completion) -> float | None:
    """Return the probability of a yes, out of yes and no; ``None`` where the reply says neither.

    It is read off the first token that is one or the other, with what else might have stood there.
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
    """Return what the first word of a text says; ``None`` for neither."""
    found = _WORD.match(text)
    word = found[1].lower() if found else ""
    return (word in YES) if word in YES | NO else None


def _mass(top: Iterable[tuple[str, float]], words: frozenset[str]) -> float:
    return sum(p for token, p in top if token.strip().lower() in words)

"""Probabilities of the options from the token probabilities of a reply that names one.

The rule: from the token at which the reply's name begins, each likely token is an alternative beginning of
the name. An alternative that begins the name of exactly one option, or is the option's number in the list,
adds its probability to that option. While the reply's own token fits several names ("gpt-4o", "gpt-4o-mini"),
the next token decides, at the product of the probabilities so far. If the reply ends, or continues otherwise,
at the full name of one option, the rest of the probability there is that option's. The sum over all options
is scaled to 1; if it is below one half, the probabilities say too little.
"""

import math
import re
from collections.abc import Sequence

from dynamicrag.llm.completion import Completion, TokenProb
from dynamicrag.routers.replies import normal

__all__ = ["chances_of"]

LEAST = 0.5
"""Least probability of all options together."""


def chances_of(completion: Completion, names: Sequence[str], chosen: str) -> list[float] | None:
    """Return the probability of every option; ``None`` if the reply has too few probabilities.

    ``names`` are in the order of the numbered list in the prompt; the reply names ``chosen``.
    """
    masses = _masses(completion.tokens_from(_start(completion.text, names, chosen)), names)
    total = sum(masses)
    return [mass / total for mass in masses] if total >= LEAST else None


def _start(text: str, names: Sequence[str], chosen: str) -> int:
    """Return the position at which a reply names its option, by name or by number."""
    words = [re.escape(word) for word in re.split(r"[\s_-]+", chosen) if word]
    for pattern in (r"[\s_-]+".join(words), rf"\b{names.index(chosen) + 1}\b", r"\w"):
        match = re.search(pattern, text, re.IGNORECASE) if pattern else None
        if match:
            return match.start()
    return 0


def _masses(tokens: Sequence[TokenProb], names: Sequence[str]) -> list[float]:
    masses = [0.0] * len(names)
    before, so_far = "", 1.0
    for token in tokens:
        likely = {**dict(token.top), token.text: math.exp(token.logprob)}
        exact = _named(before, names)
        fits = {text: _fits(before + text, names, first=not normal(before)) for text in likely}
        if exact is not None:  # only alternatives that make the name longer are other options
            fits = {text: found for text, found in fits.items() if normal(text) and found}
        for text, found in fits.items():
            if len(found) == 1:
                masses[found[0]] += so_far * likely[text]
        goes_on = fits.get(token.text, [])
        rest = max(0.0, 1.0 - sum(likely[text] for text in fits)) if exact is not None else 0.0
        if exact is not None and not normal(token.text):  # a mark after the name
            so_far *= rest
        else:
            if exact is not None:
                masses[exact] += so_far * rest
            if len(goes_on) == 1 or (not goes_on and normal(before + token.text)):
                return masses
            so_far *= likely[token.text]
        before += token.text
    exact = _named(before, names)
    if exact is not None:
        masses[exact] += so_far
    return masses


def _named(text: str, names: Sequence[str]) -> int | None:
    """Return the option whose name a text is."""
    return next((i for i, name in enumerate(names) if normal(text) and normal(name) == normal(text)), None)


def _fits(text: str, names: Sequence[str], *, first: bool) -> list[int]:
    """Return the options whose name begins with a text, or whose number it is."""
    begun = normal(text)
    if not begun:
        return []
    fits = [i for i, name in enumerate(names) if normal(name).startswith(begun)]
    numbers = [i for i in range(len(names)) if str(i + 1) == begun]
    return fits or (numbers if first else [])

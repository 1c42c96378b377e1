"""Estimates how much of a text an embedding model can read, from its vocabulary."""

import re
from collections import Counter
from typing import Any

from dynamicrag.text.languages import script
from dynamicrag.text.normal import encodable

MOST_UNREAD = 0.2
"""Share of unreadable tokens from which a text's vector is meaningless."""
WORDS = 0.01
"""Smallest share of a script among a vocabulary's longer pieces, if it has words of that script."""

_NOT_LATIN = re.compile(r"[^\x00-\u024f\u1e00-\u1eff\u2000-\u2bff]")


class Reading:
    """Distinguishes the texts that a model can read.

    The vocabulary of an English model has the letters of many scripts, but words of one only. A Russian word
    is then a sequence of letters, about which the model has learnt nothing, although no token is unknown.

    Args:
        tokenizer: The model's tokenizer, from the library tokenizers. If it is unavailable (``None``),
            letters count as tokens, and the Latin ones as known.
    """

    def __init__(self, tokenizer: Any | None) -> None:
        self._tokenizer = tokenizer
        self._scripts = {"latin"}
        if tokenizer is not None:
            count = Counter(script(piece) for piece in tokenizer.get_vocab() if _letters(piece) > 1)
            self._scripts = {own for own, number in count.items() if number > WORDS * count.total()}

    def unread(self, text: str) -> float:
        """Return the share of tokens that the model cannot read, 0 to 1.

        These are unknown tokens, and tokens of a script without words in the vocabulary; tokens without
        letters or digits do not count. For all-MiniLM-L6-v2 it is .59 to 1 of sentences in Chinese, Japanese,
        Korean, Thai, Khmer, Arabic, Hebrew, Russian, Greek, Georgian, Hindi, Bengali and Tamil, and 0 of
        sentences in English, German, French, Polish, Czech, Turkish and Vietnamese.
        """
        if "latin" in self._scripts and not _NOT_LATIN.search(text):
            return 0.0
        unread = [self._says_nothing(token, piece) for token, piece in self._tokens(text) if _says(piece)]
        return sum(unread) / len(unread) if unread else 0.0

    def _tokens(self, text: str) -> list[tuple[str, str]]:
        """Return tokens, each with its text."""
        if self._tokenizer is None:
            return [(letter, letter) for letter in text]
        found = self._tokenizer.encode(encodable(text), add_special_tokens=False)
        return [
            (token, text[start:end]) for token, (start, end) in zip(found.tokens, found.offsets, strict=True)
        ]

    def _says_nothing(self, token: str, piece: str) -> bool:
        if token in ("[UNK]", "<unk>"):
            return True
        own = script(piece)
        return own not in ("", *self._scripts)


def _letters(piece: str) -> int:
    return sum(map(str.isalpha, piece))


def _says(piece: str) -> bool:
    return any(map(str.isalnum, piece)) or script(piece) != ""

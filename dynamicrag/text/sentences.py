"""Sentences of a text, and answers in the form in which they are compared."""

import re
import string
import unicodedata

from dynamicrag.text.scripts import UNSPACED

_ARTICLES = re.compile(r"\b(a|an|the)\b")
# not after an initial or a title before a name
_END = re.compile(
    r"(?<!\b[A-Z]\.)(?<!\b[DMS][rt]\.)(?<!\bMrs\.)(?<=[.!?؟۔।॥።])\s+|(?<=[。！？｡．])(?![\d。！？])|(?<=[។။])|\n+"
)
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_SIGN = re.compile(r"[^\w\s]")


def sentences(text: str) -> list[str]:
    """Return the sentences and lines of ``text``, without the white space between them."""
    return [piece.strip() for piece in _END.split(text) if piece.strip()]


def plain_answer(text: str) -> str:
    """Return an answer normalised as in SQuAD's evaluation (Rajpurkar et al., 2016).

    Lower case, no punctuation, no English articles, single spaces. Letters of scripts without spaces are
    separated, so that they are compared one by one, as is usual for them.
    """
    given = unicodedata.normalize("NFKC", text).lower().translate(_PUNCTUATION)
    if UNSPACED.search(given):
        given = _SIGN.sub(" ", UNSPACED.sub(r" \g<0> ", given))
    return " ".join(_ARTICLES.sub(" ", given).split())

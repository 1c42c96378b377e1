"""Sentences of a text, and answers in the form in which they are compared."""

import re
import string
import unicodedata
from collections.abc import Iterator

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
    return [text[start:end] for start, end in sentence_spans(text)]


def sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield the start and the end of each of the :func:`sentences`."""
    gaps = [found.span() for found in _END.finditer(text)]
    ends = [*(start for start, _ in gaps), len(text)]
    for start, end in zip([0, *(end for _, end in gaps)], ends, strict=True):
        if piece := text[start:end].strip():
            begin = text.index(piece, start)
            yield begin, begin + len(piece)


def plain_answer(text: str) -> str:
    """Return an answer normalised as in SQuAD's evaluation (Rajpurkar et al., 2016).

    Lower case, no punctuation, no English articles, single spaces. Letters of scripts without spaces are
    separated, so that they are compared one by one, as is usual for them.
    """
    given = unicodedata.normalize("NFKC", text).lower().translate(_PUNCTUATION)
    if UNSPACED.search(given):
        given = _SIGN.sub(" ", UNSPACED.sub(r" \g<0> ", given))
    return " ".join(_ARTICLES.sub(" ", given).split())

"""Extractive compression: of what was retrieved, the sentences that are worth their tokens."""

import math
from collections import Counter
from collections.abc import Sequence

from dynamicrag.retrieval.lexical import analyse
from dynamicrag.text import sentences
from dynamicrag.types import Passage

CHARACTERS = 4
"""Characters per token, about."""


def compress(question: str, passages: Sequence[Passage], tokens: int) -> list[Passage]:
    """Return the passages with their best sentences alone, as many as ``tokens`` have room for.

    A sentence is worth the share of the question's terms in it, rare ones above all, and the reciprocal of
    its place in its passage, for texts begin with what they are about; of equals the better passage's goes
    first. Sentences keep their order; at least one is kept, and passages of which none is are left out. No
    model is asked.

    Of the answers to questions 100 to 300 of HotpotQA and 2WikiMultihopQA (yes and no aside), by ``linked``,
    four chunks hold .864 and .876 at 495 and 476 tokens, three .801 and .746 at 353 and 365, and four that
    are held to 400 .827 and .816 at 378 and 359. The weights hardly matter.

    Args:
        question: The question, standing alone.
        passages: What was retrieved, best first.
        tokens: Most tokens of titles and texts together, about.

    Source: the idea is the extractive compressor of Xu, Shi and Choi, "RECOMP", ICLR 2024, who learn what to
    keep; this learns nothing.
    """
    room = tokens * CHARACTERS
    if sum(len(p["title"]) + len(p["text"]) for p in passages) <= room:
        return list(passages)
    pieces = [
        (rank, place, text)
        for rank, p in enumerate(passages)
        for place, text in enumerate(sentences(p["text"]))
    ]
    shared = _shared(question, [text for _, _, text in pieces])
    worth = [own + 1 / (1 + place) for own, (_, place, _) in zip(shared, pieces, strict=True)]
    kept: dict[int, list[int]] = {}
    for index in sorted(range(len(pieces)), key=lambda i: -worth[i]):
        rank, _, text = pieces[index]
        size = len(text) + 1 + (0 if rank in kept else len(passages[rank]["title"]))
        if size <= room or not kept:
            room -= size
            kept.setdefault(rank, []).append(index)
    return [
        {**passages[rank], "text": " ".join(pieces[i][2] for i in sorted(kept[rank]))}
        for rank in sorted(kept)
    ]


def _shared(question: str, texts: Sequence[str]) -> list[float]:
    """Return how much each text shares with the question, 0 to 1, by BM25's weights of terms among them."""
    terms = [set(analyse(text)) for text in texts]
    number = Counter(term for own in terms for term in own)
    asked = set(analyse(question))
    weight = {term: math.log(1 + (len(texts) - n + 0.5) / (n + 0.5)) for term, n in number.items()}
    found = [sum(weight[term] for term in asked & own) for own in terms]
    most = max(found, default=0.0)
    return [value / most for value in found] if most else found

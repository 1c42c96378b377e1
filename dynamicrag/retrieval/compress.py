"""Extractive compression: keeps the retrieved sentences that are worth their tokens."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from dynamicrag.records import Passage
from dynamicrag.retrieval.chunking import chunk_id
from dynamicrag.retrieval.index_terms import analyse
from dynamicrag.retrieval.lexical import idf
from dynamicrag.text.scripts import unspaced
from dynamicrag.text.sentences import sentence_spans

CHARACTERS = 4
"""Approximate characters per token; one in scripts without spaces."""
NEIGHBOUR, BEGINNING = 0.5, 1.5
"""Weights of the better neighbour's share of the question's terms, and of the first sentence of a document.

Of the answers to the sample corpus's questions, four chunks by ``linked`` compressed to 400 tokens have
.917, compared with .806 without neighbours and with every chunk treated as a beginning; on HotpotQA and
2WikiMultihopQA (questions 100 to 300, ``linked`` of BM25) .843 and .838, and .843 and .827.
"""
EXPLAINED = 0.5
"""Share of the question's terms, by weight, in the best sentence from which on only words decide.

Four chunks by ``linked`` of ``rrf`` compressed to 400 tokens keep the sentence with the answer, verbatim,
for 26 of 60 paraphrased questions on the sample corpus, and for 23 if only words always decide.
Answers kept on HotpotQA and 2WikiMultihopQA (as above): .827 and .838, and .827 and .843.
"""


class _Piece(NamedTuple):
    """A sentence: the rank of its passage, its number and span there, and its text."""

    rank: int
    place: int
    start: int
    end: int
    text: str


def compress(question: str, passages: Sequence[Passage], tokens: int) -> list[Passage]:
    """Return the passages reduced to their best sentences, as many as fit into ``tokens``.

    The score of a sentence is the sum of three terms: the share of the question's terms in it, weighted by
    rarity; half the share of its better neighbour, because a sentence often continues the one before; and, if
    the passage begins its document, the reciprocal of its position, because texts begin with their topic. The
    less of the question the best sentence explains, the more the rank of the passage counts instead: the
    terms that a paraphrased question shares with the documents matter little. Ties go to the better passage.
    Sentences keep their order, line breaks and indentation, so that tables and code stay readable.
    At least one is kept, and passages without a kept sentence are left out. No model is called.

    Args:
        question: The standalone question.
        passages: The passages, best first.
        tokens: Approximate limit of tokens, titles and texts together.

    Source: the idea is the extractive compressor of Xu, Shi and Choi, "RECOMP", ICLR 2024, who train the
    selection; this one is not trained.
    """
    room = tokens * CHARACTERS
    if sum(_size(p["title"]) + _size(p["text"]) for p in passages) <= room:
        return list(passages)
    pieces = [
        _Piece(rank, place, start, end, p["text"][start:end])
        for rank, p in enumerate(passages)
        for place, (start, end) in enumerate(sentence_spans(p["text"]))
    ]
    shared, explained = _shared(question, [piece.text for piece in pieces])
    begins = [p["id"] in (p["document"], chunk_id(p["document"], 0)) for p in passages]
    worth = []
    for i, piece in enumerate(pieces):
        beside = (j for j in (i - 1, i + 1) if 0 <= j < len(pieces) and pieces[j].rank == piece.rank)
        by_words = shared[i] + NEIGHBOUR * max((shared[j] for j in beside), default=0.0)
        if begins[piece.rank]:
            by_words += BEGINNING / (1 + piece.place)
        worth.append(explained * by_words + (1 - explained) / (1 + piece.rank))
    kept: dict[int, list[int]] = {}
    for index in sorted(range(len(pieces)), key=lambda i: -worth[i]):
        rank, before = pieces[index].rank, pieces[index - 1]
        gap = pieces[index].start - (before.end if index and before.rank == rank else 0)
        size = _size(pieces[index].text) + max(1, gap - 1)  # a break between paragraphs counts once
        size += 0 if rank in kept else _size(passages[rank]["title"])
        if size <= room or not kept:
            room -= size
            kept.setdefault(rank, []).append(index)
    return [
        {**passages[rank], "text": _joined(passages[rank]["text"], [pieces[i] for i in sorted(kept[rank])])}
        for rank in sorted(kept)
    ]


def _joined(text: str, kept: Sequence[_Piece]) -> str:
    """Return the kept pieces of ``text``, in order, with the white space between them."""
    made, end = "", 0
    for piece in kept:
        made += _white_space(text[end : piece.start] if made else f"\n{text[: piece.start]}") + piece.text
        end = piece.end
    return made.lstrip("\n")


def _white_space(gap: str) -> str:
    """Return a gap between neighbours as it is, and for others its line break and indentation, or a space."""
    if not gap.strip():
        return gap
    _, broken, last = gap.rpartition("\n")
    return f"\n{last}" if broken and not last.strip() else broken or " "


def _size(text: str) -> int:
    """Return the length of a text in characters of an alphabet with equally many tokens."""
    return len(text) if text.isascii() else len(text) + (CHARACTERS - 1) * unspaced(text)


def _shared(question: str, texts: Sequence[str]) -> tuple[list[float], float]:
    """Return each text's overlap with the question, relative to the best, and the best one's share."""
    terms = [set(analyse(text, document=True)) for text in texts]
    number = Counter(term for own in terms for term in own)
    asked = set(analyse(question))
    weight = {term: idf(n, len(texts)) for term, n in number.items()}
    found = [sum(weight[term] for term in asked & own) for own in terms]
    most = max(found, default=0.0)
    whole = sum(weight.get(term, idf(0, len(texts))) for term in asked)
    explained = min(1.0, most / (EXPLAINED * whole)) if whole else 0.0
    return [value / most for value in found] if most else found, explained

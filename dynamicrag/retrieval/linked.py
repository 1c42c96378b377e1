"""Retrieval in two hops: the passages found, and the documents that they name."""

import time
from dataclasses import replace

from dynamicrag.call_options import NO_FILTER, Filter
from dynamicrag.records import Passage
from dynamicrag.retrieval.base import RETRIEVERS, Retrieved, in_thread
from dynamicrag.retrieval.checked import found_by
from dynamicrag.retrieval.combined import Combined
from dynamicrag.retrieval.index_terms import analyse

Key = tuple[str, str]


@RETRIEVERS.register("linked")
class Linked(Combined):
    """Follows the titles named in the question and the best passages, like the links of a wiki.

    A question that needs two facts rarely shares words with the passage of the second fact, which is about
    something named in the first passage. If documents are titled by their topic, a name is a link, and
    following it needs neither a model nor a second search. Of the named documents, those with most terms of
    the question are inserted right after the passages that name them.

    On questions 300 to 400 of each set the answer is in the first four passages, by ``rrf`` alone and with
    this on top, for .67 and .82 on HotpotQA, and for .45 and .82 on 2WikiMultihopQA (yes-or-no questions
    count as not), at 497 and 508, and 419 and 505 tokens.

    Args:
        of: Name of another option of the stage, whose passages are followed.
        follow: Number of its best passages to follow.
        links: Largest number of passages to add.

    Source: the idea of following links between paragraphs is Asai et al., "Learning to retrieve reasoning
    paths over Wikipedia graph for question answering", ICLR 2020, who train the selection; this one is not
    trained.
    """

    def __init__(self, *, of: str, follow: int = 2, links: int = 3) -> None:
        if follow < 1 or links < 1:
            raise ValueError(f"follow is {follow} and links is {links}; valid: 1 and more")
        super().__init__([of])
        self._follow = follow
        self._links = links

    @property
    def finds(self) -> frozenset[str]:  # type: ignore[override]
        """The ways of the base option, and links; empty if the former are unknown."""
        ways = super().finds
        return ways | {"links"} if ways else ways

    async def retrieve(self, query: str, k: int, filter: Filter = NO_FILTER) -> Retrieved:  # noqa: A002
        """Call the base option, then follow its passages."""
        start = time.perf_counter()
        found = await found_by(self._parts[0], query, max(k, self._follow), filter)
        head = found.passages[: self._follow]
        linked, usage = await in_thread(lambda: self._linked(query, head, filter))
        score = head[-1]["score"] if head else 0.0
        ranked = {_key(passage): passage for passage in head}
        for passage in [*(Passage(**{**p, "score": score}) for p in linked), *found.passages]:
            ranked.setdefault(_key(passage), passage)
        total = replace(found.usage + usage, calls=1, seconds=time.perf_counter() - start)
        return Retrieved(list(ranked.values())[: max(k, 0)], total, elsewhere=found.elsewhere)

    def _linked(self, query: str, head: list[Passage], wanted: Filter) -> list[Passage]:
        """Return the best chunk of each named document, the most similar to the question first."""
        asked = set(analyse(query))
        best: list[tuple[int, Passage]] = []
        for corpus in self.sources:
            titles = corpus.titles(wanted)
            own = [passage for passage in head if passage.get("corpus", "") == corpus.name]
            there = {passage["document"] for passage in own}
            texts = [query, *(passage["text"] for passage in own)]
            named = dict.fromkeys(id_ for text in texts for id_ in titles.mentioned(text) if id_ not in there)
            best += [
                max(((_shared(asked, chunk), chunk) for chunk in chunks), key=lambda pair: pair[0])
                for chunks in corpus.chunks_of(list(named)).values()
            ]
        best.sort(key=lambda pair: -pair[0])  # stable: ties in the order of mention
        return [passage for _, passage in best[: self._links]]


def _shared(asked: set[str], passage: Passage) -> int:
    return len(asked & set(analyse(f"{passage['title']}\n{passage['text']}", document=True)))


def _key(passage: Passage) -> Key:
    return passage.get("corpus", ""), passage["id"]

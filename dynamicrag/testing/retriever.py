"""A retriever without an index."""

import re
from collections.abc import Mapping, Sequence

from dynamicrag.call_options import NO_FILTER, Filter
from dynamicrag.records import Passage
from dynamicrag.retrieval.base import RetrievalContext, Retrieved, Retriever
from dynamicrag.types import Usage

__all__ = ["FakeRetriever"]


class FakeRetriever(Retriever):
    """Ranks the given texts by the words they share with a question; all are found.

    Args:
        texts: The texts, or texts by title.

    Attributes:
        asked: The questions so far, each with the requested number of passages.
    """

    def __init__(self, texts: Sequence[str] | Mapping[str, str]) -> None:
        titled = texts.items() if isinstance(texts, Mapping) else [("", text) for text in texts]
        self._passages = [
            Passage(id=f"text{n}", document=title or f"text{n}", title=title, text=text, score=0.0)
            for n, (title, text) in enumerate(titled)
        ]
        self.asked: list[tuple[str, int]] = []

    def bind(self, context: RetrievalContext) -> None:
        """Do nothing."""

    async def retrieve(self, query: str, k: int, filter: Filter = NO_FILTER) -> Retrieved:  # noqa: A002, ARG002
        """Find the texts, best first; they have no metadata, so none matches a filter."""
        self.asked.append((query, k))
        words = set(re.findall(r"\w+", query.lower()))
        scored = [
            Passage(**{**each, "score": float(len(words & set(re.findall(r"\w+", each["text"].lower()))))})
            for each in self._passages
        ]
        scored.sort(key=lambda passage: -passage["score"])  # stable: ties in the given order
        return Retrieved(scored[: max(k, 0)], Usage(calls=1))

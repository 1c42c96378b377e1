"""Searching under a filter: whatever a retriever returns is checked once more."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

from dynamicrag.call_options import Filter, matches
from dynamicrag.retrieval.base import Retrieved, Retriever
from dynamicrag.retrieval.checked import found_by
from dynamicrag.retrieval.corpus import Corpus
from dynamicrag.types import Passage


async def search(retriever: Retriever, query: str, k: int, filter: Filter) -> Retrieved:  # noqa: A002
    """Ask a retriever, and drop every passage that the filter does not let through."""
    found = await found_by(retriever, query, k, filter)
    return replace(found, passages=await permitted(found.passages, filter, retriever.sources))


async def permitted(
    passages: Sequence[Passage],
    filter: Filter,  # noqa: A002
    corpora: Iterable[Corpus],
) -> list[Passage]:
    """Return the passages that a filter lets through, in order.

    Passages of our own corpora go by the metadata of their document as it is now, others by what they
    carry in ``metadata``. A passage without metadata is dropped.
    """
    if not filter or not passages:
        return list(passages)
    named = {corpus.name: corpus for corpus in corpora}
    return await asyncio.to_thread(lambda: [one for one in passages if _may_pass(one, filter, named)])


def _may_pass(passage: Passage, wanted: Filter, corpora: dict[str, Corpus]) -> bool:
    corpus = corpora.get(passage.get("corpus", ""))
    if corpus is not None:
        return passage["document"] in corpus.select(wanted).documents
    return matches(passage.get("metadata", {}), wanted)

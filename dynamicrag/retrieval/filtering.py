"""Enforces filters: the results of retrievers and the content of turns are checked again."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from dynamicrag.call_options import Filter, matches
from dynamicrag.records import Passage
from dynamicrag.retrieval.base import Retrieved, Retriever
from dynamicrag.retrieval.checked import found_by
from dynamicrag.retrieval.corpus import Corpus
from dynamicrag.turn import Attempt, TurnState

Passages = Sequence[Passage]


async def search(retriever: Retriever, query: str, k: int, filter: Filter) -> Retrieved:  # noqa: A002
    """Call a retriever, and drop every passage that does not match the filter."""
    found = await found_by(retriever, query, k, filter)
    return replace(found, passages=await permitted(found.passages, filter, retriever.sources))


async def permitted(
    passages: Sequence[Passage],
    filter: Filter,  # noqa: A002
    corpora: Iterable[Corpus],
) -> list[Passage]:
    """Return the passages that match a filter, in order.

    Passages of our own corpora are checked by the current metadata of their document, others by their own
    ``metadata``. A passage without metadata is dropped.
    """
    if not filter or not passages:
        return list(passages)
    return await asyncio.to_thread(lambda: _keeper(filter, corpora)(passages))


async def permitted_turn(turn: TurnState, filter: Filter, corpora: Iterable[Corpus]) -> TurnState:  # noqa: A002
    """Return a turn without any content that a filter excludes.

    A turn may continue under another filter than it began with: resumed, forked or replayed. Excluded
    passages are removed, also those of the turn before, with the earlier drafts based on them. If the current
    draft is based on them, it is removed too and not written again: the turn abstains.
    """
    if not filter or not any(turn.get(key) for key in ("candidates", "passages", "earlier", "last")):
        return turn
    return await asyncio.to_thread(lambda: _permitted_turn(turn, _keeper(filter, corpora)))


def _keeper(filter: Filter, corpora: Iterable[Corpus]) -> Callable[[Passages], list[Passage]]:  # noqa: A002
    """Return a function that keeps the passages matching a filter; it may read from disk."""
    named = {corpus.name: corpus for corpus in corpora}
    selected: dict[str, Collection[str]] = {}

    def may_pass(passage: Passage) -> bool:
        name = passage.get("corpus", "")
        if name not in named:
            return matches(passage.get("metadata", {}), filter)
        if name not in selected:
            selected[name] = named[name].select(filter).documents
        return passage["document"] in selected[name]

    return lambda passages: [passage for passage in passages if may_pass(passage)]


def _permitted_turn(turn: TurnState, kept: Callable[[Passages], list[Passage]]) -> TurnState:
    candidates, passages = turn.get("candidates") or [], turn.get("passages") or []
    found, shown = kept(candidates), kept(passages)
    earlier: list[Attempt] = [
        {**attempt, "candidates": kept(attempt["candidates"])}
        for attempt in turn.get("earlier", [])
        if len(kept(attempt["passages"])) == len(attempt["passages"])
    ]
    left: TurnState = {**turn, "candidates": found, "passages": shown, "earlier": earlier}
    last = turn.get("last")
    if last:
        left["last"] = {**last, "candidates": kept(last["candidates"])}
    if len(found) < len(candidates):
        left["foreseen"] = {}  # it was judged on removed passages
    if len(shown) < len(passages) and turn.get("draft") is not None:
        left |= {"draft": None, "action": "abstain", "redo": None}
    return left

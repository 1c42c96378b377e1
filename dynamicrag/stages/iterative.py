"""Interleaved retrieval and reasoning (IRCoT, Trivedi et al., 2023).

After each round a model writes one sentence of reasoning over what was found; the sentence is the
next query. It ends when the sentence gives the answer, says nothing new, or finds nothing new.
"""

from collections.abc import Awaitable, Callable, Sequence
from itertools import zip_longest

from dynamicrag.records import Passage
from dynamicrag.text.words import content_words

Search = Callable[[str], Awaitable[list[Passage]]]
Reason = Callable[[str, Sequence[Passage], Sequence[str]], Awaitable[str]]

DONE = "so the answer is"


async def iterate(question: str, search: Search, reason: Reason, rounds: int) -> list[Passage]:
    """Search, reason a step and search again, at most ``rounds`` times.

    Returns:
        The passages of all rounds, ranks interleaved, without duplicates.
    """
    found = [await search(question)]
    thoughts: list[str] = []
    while found[-1] and len(found) < rounds:
        thought = await reason(question, merge(found), thoughts)
        known = set(content_words(" ".join([question, *thoughts])))
        if DONE in thought.lower() or not set(content_words(thought)) - known:
            break
        thoughts.append(thought)
        have = {key(passage) for result in found for passage in result}
        result = await search(thought)
        if all(key(passage) in have for passage in result):
            break
        found.append(result)
    return merge(found)


def merge(results: Sequence[Sequence[Passage]]) -> list[Passage]:
    """Interleave rankings: all first ranks, then all second ranks, each passage once."""
    merged: dict[tuple[str, str], Passage] = {}
    for rank in zip_longest(*results):
        for passage in rank:
            if passage is not None:
                merged.setdefault(key(passage), passage)
    return list(merged.values())


def extended(found: Sequence[Passage], before: Sequence[Passage]) -> list[Passage]:
    """Interleave found passages with those of the turn before, each once; a found one replaces its double."""
    new = set(map(key, found))
    return merge([found, [passage for passage in before if key(passage) not in new]])


def key(passage: Passage) -> tuple[str, str]:
    """Return the identity of a passage; ids are unique within a corpus."""
    return passage.get("corpus", ""), passage["id"]

"""The kinds of question: what each is made from, and what it has to pass.

An *attempt* makes one question, or raises :class:`~.form.Refused`; attempts are made up one by one, in
an order that the seed alone decides. The cheap tests of an attempt come first.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import zip_longest
from typing import Protocol

from dynamicrag.lab.scores import contains, token_f1
from dynamicrag.lab.synthesize.asker import Asker
from dynamicrag.lab.synthesize.facts import Fact, facts_of
from dynamicrag.lab.synthesize.form import Refused
from dynamicrag.lab.synthesize.made import Made
from dynamicrag.types import Passage

AGREES = 0.6
"""Token F1 from which two answers are the same: ``286`` and ``286 metres`` are, of two words in three."""

Seen = Callable[[str], bool]
"""Whether a question is a near-duplicate of one that is kept."""
Attempt = Callable[[Seen], Awaitable[Made]]


class Kind(Protocol):
    """A kind of question."""

    name: str

    def attempts(self, rng: random.Random) -> Iterator[Attempt]:
        """Yield attempts, the order decided by ``rng``."""


class OfFacts(ABC):
    """Kinds that make each question of one fact.

    Args:
        asker: Model and retriever.
        passages: All passages.
    """

    name: str

    def __init__(self, asker: Asker, passages: Sequence[Passage]) -> None:
        self._asker = asker
        self._facts = facts_by_passage(passages)

    def attempts(self, rng: random.Random) -> Iterator[Attempt]:
        """See :class:`Kind`."""
        return (partial(self._attempt, fact) for fact in in_turn(rng, self._facts.values()))

    @abstractmethod
    async def _attempt(self, fact: Fact, seen: Seen) -> Made: ...


def agrees(said: str, answer: str) -> bool:
    """Return whether what a model said gives the answer."""
    return token_f1(said, [answer]) >= AGREES or bool(contains(said, [answer]))


async def check_answer(
    asker: Asker, kind: str, question: str, answer: str, passages: Sequence[Passage]
) -> None:
    """Refuse a question whose answer is known without its passages, or does not follow from them.

    Raises:
        Refused: It does not pass.
    """
    if agrees(await asker.answer(kind, question), answer):
        raise Refused("known without", question)
    if not agrees(await asker.answer(kind, question, passages), answer):
        raise Refused("not supported", question)


async def check_found(asker: Asker, kind: str, question: str, passage: Passage, *hops: str) -> None:
    """Refuse a question for which retrieval does not find a passage, by itself or by one of its ``hops``.

    Raises:
        Refused: It does not.
    """
    for asked in (question, *hops):
        if key(passage) in map(key, await asker.found(kind, asked)):
            return
    raise Refused("not found", question)


def key(passage: Passage) -> tuple[str, str]:
    """Return what names a passage among those of all corpora."""
    return passage.get("corpus", ""), passage["id"]


def in_turn(rng: random.Random, groups: Iterable[Sequence[Fact]]) -> Iterator[Fact]:
    """Yield facts in random order, one of every group before the second of any."""
    shuffled = [rng.sample(group, len(group)) for group in groups]
    rng.shuffle(shuffled)
    for turn in zip_longest(*shuffled):
        yield from (fact for fact in turn if fact is not None)


def facts_by_passage(passages: Sequence[Passage]) -> Mapping[tuple[str, str], list[Fact]]:
    """Return the facts of every passage that has any; those that overlap repeat none."""
    seen: set[tuple[str, str, str]] = set()
    found: dict[tuple[str, str], list[Fact]] = {}
    for passage in passages:
        for fact in facts_of(passage):
            mark = (passage["document"], fact.context[-60:], fact.answer)
            if mark not in seen:
                seen.add(mark)
                found.setdefault(key(passage), []).append(fact)
    return found

"""Kinds of question that are made from one fact: answered by it, or left open by it.

An *attempt* makes one question or raises :class:`~.form.Refused`. The seed alone decides the order of
attempts; an attempt's cheap checks come first.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import zip_longest
from typing import Protocol

from dynamicrag.lab.scores import contains, token_f1
from dynamicrag.lab.synthesize.caller import Caller, key
from dynamicrag.lab.synthesize.facts import Fact, facts_of
from dynamicrag.lab.synthesize.form import Refused, checked
from dynamicrag.lab.synthesize.prompts import ask_beyond, ask_for
from dynamicrag.lab.synthesize.question import SyntheticQuestion
from dynamicrag.records import Passage
from dynamicrag.verify.unanswerable import is_refusal

AGREES = 0.6
"""Token F1 from which two answers are the same, as ``286`` and ``286 metres`` are."""
READ = 4
"""Passages read at a time for an answer: a small model overlooks one among many."""

IsDuplicate = Callable[[str], bool]
"""Whether a question is a near-duplicate of a kept one."""
Attempt = Callable[[IsDuplicate], Awaitable[SyntheticQuestion]]


class Kind(Protocol):
    """A kind of question."""

    name: str

    def attempts(self, rng: random.Random) -> Iterator[Attempt]:
        """Yield attempts in an order that ``rng`` decides."""


class FromFacts(ABC):
    """A kind whose questions are each made from one fact.

    Args:
        caller: Calls the model and the retriever.
        passages: All passages.
    """

    name: str

    def __init__(self, caller: Caller, passages: Sequence[Passage]) -> None:
        self._caller = caller
        self._facts = facts_by_passage(passages)

    def attempts(self, rng: random.Random) -> Iterator[Attempt]:
        """See :class:`Kind`."""
        return (partial(self._attempt, fact) for fact in in_turn(rng, self._facts.values()))

    @abstractmethod
    async def _attempt(self, fact: Fact, duplicate: IsDuplicate) -> SyntheticQuestion: ...


class Single(FromFacts):
    """Questions that one passage answers."""

    name = "single"

    async def _attempt(self, fact: Fact, duplicate: IsDuplicate) -> SyntheticQuestion:
        question = await asked_for(self._caller, self.name, fact)
        if duplicate(question):
            raise Refused("duplicate", question)
        await check_found(self._caller, self.name, question, fact.passage)
        await check_answer(self._caller, self.name, question, fact.answer, [fact.passage])
        return SyntheticQuestion(question, self.name, (fact.answer,), (fact.passage,))


class Unanswerable(FromFacts):
    """Questions near the corpus's text that none of its passages answers.

    Source: Rajpurkar et al., "Know What You Don't Know: Unanswerable Questions for SQuAD", ACL 2018.
    """

    name = "unanswerable"

    async def _attempt(self, fact: Fact, duplicate: IsDuplicate) -> SyntheticQuestion:
        caller, passage = self._caller, fact.passage
        written = await caller.write(self.name, ask_beyond(passage["title"], fact.context))
        question = checked(written, f"{passage['title']} {fact.context}")
        if duplicate(question):
            raise Refused("duplicate", question)
        await check_found(caller, self.name, question, passage)
        others = [one for one in await caller.found(self.name, question) if key(one) != key(passage)]
        groups = [[passage], *(others[at : at + READ] for at in range(0, len(others), READ))]
        for group in groups:
            if not is_refusal(await caller.answer(self.name, question, group)):
                raise Refused("answerable", question)
        return SyntheticQuestion(question, self.name, (), (passage,))


async def asked_for(caller: Caller, kind: str, fact: Fact) -> str:
    """Return the question that a model writes for a fact.

    Raises:
        Refused: It cannot be used.
    """
    written = await caller.write(kind, ask_for(fact))
    return checked(written, f"{fact.passage['title']} {fact.context}", fact.answer)


def agrees(reply: str, answer: str) -> bool:
    """Return whether a model's reply gives the answer."""
    return token_f1(reply, [answer]) >= AGREES or bool(contains(reply, [answer]))


async def check_answer(
    caller: Caller, kind: str, question: str, answer: str, passages: Sequence[Passage]
) -> None:
    """Check that the model answers with the passages, and does not without.

    Raises:
        Refused: It does not.
    """
    if agrees(await caller.answer(kind, question), answer):
        raise Refused("known without", question)
    if not agrees(await caller.answer(kind, question, passages), answer):
        raise Refused("not supported", question)


async def check_found(caller: Caller, kind: str, question: str, passage: Passage, *hops: str) -> None:
    """Check that retrieval finds a passage by the question, or by one of its ``hops``.

    Raises:
        Refused: It does not.
    """
    for asked in (question, *hops):
        if key(passage) in map(key, await caller.found(kind, asked)):
            return
    raise Refused("not found", question)


def in_turn(rng: random.Random, groups: Iterable[Sequence[Fact]]) -> Iterator[Fact]:
    """Yield facts in random order, one of every group before the second of any."""
    shuffled = [rng.sample(group, len(group)) for group in groups]
    rng.shuffle(shuffled)
    for turn in zip_longest(*shuffled):
        yield from (fact for fact in turn if fact is not None)


def facts_by_passage(passages: Sequence[Passage]) -> Mapping[tuple[str, str], list[Fact]]:
    """Return the facts by passage; a fact in the overlap of two passages counts once."""
    seen: set[tuple[str, str, str]] = set()
    found: dict[tuple[str, str], list[Fact]] = {}
    for passage in passages:
        for fact in facts_of(passage):
            mark = (passage["document"], fact.context[-60:], fact.answer)
            if mark not in seen:
                seen.add(mark)
                found.setdefault(key(passage), []).append(fact)
    return found

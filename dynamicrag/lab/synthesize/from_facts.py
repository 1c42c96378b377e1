"""Kinds of question that are made from one fact: answered by it, or left open by it.

An *attempt* makes one question or raises :class:`~.form.Refused`. The seed alone decides the order of
attempts; an attempt's cheap checks come first.
"""

import random
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import zip_longest

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
Kind = Callable[[random.Random], Iterator[Attempt]]
"""A kind of question: yields attempts in an order that the generator decides."""
Facts = Mapping[tuple[str, str], list[Fact]]
"""Facts by the key of their passage."""


def from_facts(
    make: Callable[[Caller, Fact, IsDuplicate], Awaitable[SyntheticQuestion]], caller: Caller, facts: Facts,
    rng: random.Random,
) -> Iterator[Attempt]:  # fmt: skip
    """Return attempts that each make a question from one fact: :func:`single` or :func:`unanswerable`."""
    return (partial(make, caller, fact) for fact in in_turn(rng, facts.values()))


async def single(caller: Caller, fact: Fact, duplicate: IsDuplicate) -> SyntheticQuestion:
    """Return a question that one passage answers."""
    question = await asked_for(caller, "single", fact)
    if duplicate(question):
        raise Refused("duplicate", question)
    await check_found(caller, "single", question, fact.passage)
    await check_answer(caller, "single", question, fact.answer, [fact.passage])
    return SyntheticQuestion(question, "single", (fact.answer,), (fact.passage,))


async def unanswerable(caller: Caller, fact: Fact, duplicate: IsDuplicate) -> SyntheticQuestion:
    """Return a question near the corpus's text that none of its passages answers.

    Source: Rajpurkar et al., "Know What You Don't Know: Unanswerable Questions for SQuAD", ACL 2018.
    """
    kind, passage = "unanswerable", fact.passage
    written = await caller.write(kind, ask_beyond(passage["title"], fact.context))
    question = checked(written, f"{passage['title']} {fact.context}")
    if duplicate(question):
        raise Refused("duplicate", question)
    await check_found(caller, kind, question, passage)
    others = [one for one in await caller.found(kind, question) if key(one) != key(passage)]
    groups = [[passage], *(others[at : at + READ] for at in range(0, len(others), READ))]
    for group in groups:
        if not is_refusal(await caller.answer(kind, question, group)):
            raise Refused("answerable", question)
    return SyntheticQuestion(question, kind, (), (passage,))


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


def facts_by_passage(passages: Sequence[Passage]) -> Facts:
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

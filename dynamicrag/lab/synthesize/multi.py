"""Questions that need two passages: the answer of the first is the subject of the second.

Two questions that share a name become one question that describes the name instead of giving it
(Trivedi et al., "MuSiQue: Multihop Questions via Single-hop Question Composition", TACL 2022).
"""

import asyncio
import random
from collections.abc import Iterator, Sequence
from functools import partial

from dynamicrag.lab.scores import contains
from dynamicrag.lab.synthesize.caller import Caller, key
from dynamicrag.lab.synthesize.facts import Fact
from dynamicrag.lab.synthesize.form import Refused, checked
from dynamicrag.lab.synthesize.from_facts import (
    Attempt,
    Facts,
    IsDuplicate,
    agrees,
    asked_for,
    check_answer,
    check_found,
    in_turn,
)  # fmt: skip
from dynamicrag.lab.synthesize.prompts import join
from dynamicrag.lab.synthesize.question import SyntheticQuestion
from dynamicrag.records import Passage

COMMON = 4
"""Most documents that may name a link; a name in more of them, such as a town, links nothing."""


def multi(caller: Caller, passages: Sequence[Passage], facts: Facts, rng: random.Random) -> Iterator[Attempt]:
    """Yield attempts from a fact whose answer is a name, and a fact of another document about that name."""
    named = [[fact for fact in own if fact.named] for own in facts.values()]
    for first in in_turn(rng, named):
        seconds = _about(passages, facts, first)
        if seconds:
            yield partial(_attempt, caller, first, rng.choice(seconds))


def _about(passages: Sequence[Passage], facts: Facts, first: Fact) -> list[Fact]:
    """Return the facts of other documents about the answer of a fact."""
    naming = [passage for passage in passages if contains(passage["text"], [first.answer])]
    if len({passage["document"] for passage in naming}) > COMMON:
        return []
    return [
        second
        for passage in naming
        if passage["document"] != first.passage["document"]
        and not contains(passage["text"], [first.passage["title"]])
        for second in facts.get(key(passage), ())
        if contains(f"{passage['title']} {second.context}", [first.answer])
        and not contains(first.passage["text"], [second.answer])
        and not contains(first.answer, [second.answer])
        and not contains(second.answer, [first.answer])
    ]


async def _attempt(caller: Caller, first: Fact, second: Fact, duplicate: IsDuplicate) -> SyntheticQuestion:
    kind, link, answer = "multi", first.answer, second.answer
    opening = await asked_for(caller, kind, first)
    closing = await asked_for(caller, kind, second)
    if not contains(closing, [link]):
        raise Refused("no link", closing)
    written = await caller.write(kind, join(opening, link, closing))
    question = checked(written, f"{opening} {closing}", answer)
    if contains(question, [link]):
        raise Refused("names the link", question)
    if duplicate(question):
        raise Refused("duplicate", question)
    both = (first.passage, second.passage)
    await check_found(caller, kind, question, first.passage)
    await check_found(caller, kind, question, second.passage, closing)  # the question of a second round
    await check_answer(caller, kind, question, answer, both)
    alone = await asyncio.gather(*(caller.answer(kind, question, [passage]) for passage in both))
    if any(agrees(said, answer) for said in alone):
        raise Refused("one is enough", question)
    return SyntheticQuestion(question, kind, (answer,), both)

"""Questions that take two passages: the answer of one is what the other is about.

Two questions with a name between them are made into one, which describes the name in place of giving
it (Trivedi et al., "MuSiQue: Multihop Questions via Single-hop Question Composition", TACL 2022).
"""

import asyncio
import random
from collections.abc import Iterator, Sequence
from functools import partial

from dynamicrag.lab.scores import contains
from dynamicrag.lab.synthesize.asker import Asker
from dynamicrag.lab.synthesize.facts import Fact
from dynamicrag.lab.synthesize.form import Refused, checked
from dynamicrag.lab.synthesize.kinds import (
    Attempt,
    Seen,
    agrees,
    check_answer,
    check_found,
    facts_by_passage,
    in_turn,
    key,
)
from dynamicrag.lab.synthesize.made import Made
from dynamicrag.lab.synthesize.prompts import join
from dynamicrag.lab.synthesize.single import asked_for
from dynamicrag.types import Passage

COMMON = 4
"""Documents that may name a link; what more of them name is a place or a time of all, and links nothing."""


class Multi:
    """A fact whose answer is a name, and a fact of another document about that name.

    Args:
        asker: Model and retriever.
        passages: All passages.
    """

    name = "multi"

    def __init__(self, asker: Asker, passages: Sequence[Passage]) -> None:
        self._asker = asker
        self._passages = passages
        self._facts = facts_by_passage(passages)

    def attempts(self, rng: random.Random) -> Iterator[Attempt]:
        """See :class:`.kinds.Kind`."""
        named = [[fact for fact in facts if fact.named] for facts in self._facts.values()]
        for first in in_turn(rng, named):
            seconds = self._about(first)
            if seconds:
                yield partial(self._attempt, first, rng.choice(seconds))

    def _about(self, first: Fact) -> list[Fact]:
        """Return the facts of other documents about what a fact has for an answer."""
        naming = [passage for passage in self._passages if contains(passage["text"], [first.answer])]
        if len({passage["document"] for passage in naming}) > COMMON:
            return []
        return [
            second
            for passage in naming
            if passage["document"] != first.passage["document"]
            and not contains(passage["text"], [first.passage["title"]])
            for second in self._facts.get(key(passage), ())
            if contains(f"{passage['title']} {second.context}", [first.answer])
            and not contains(first.passage["text"], [second.answer])
            and not contains(first.answer, [second.answer])
            and not contains(second.answer, [first.answer])
        ]

    async def _attempt(self, first: Fact, second: Fact, seen: Seen) -> Made:
        asker, kind, link, answer = self._asker, self.name, first.answer, second.answer
        opening = await asked_for(asker, kind, first)
        closing = await asked_for(asker, kind, second)
        if not contains(closing, [link]):
            raise Refused("no link", closing)
        written = await asker.write(kind, join(opening, link, closing))
        question = checked(written, f"{opening} {closing}", answer)
        if contains(question, [link]):
            raise Refused("names the link", question)
        if seen(question):
            raise Refused("duplicate", question)
        both = (first.passage, second.passage)
        await check_found(asker, kind, question, first.passage)
        await check_found(asker, kind, question, second.passage, closing)  # what a second round asks for
        await check_answer(asker, kind, question, answer, both)
        alone = await asyncio.gather(*(asker.answer(kind, question, [passage]) for passage in both))
        if any(agrees(said, answer) for said in alone):
            raise Refused("one is enough", question)
        return Made(question, kind, (answer,), both)

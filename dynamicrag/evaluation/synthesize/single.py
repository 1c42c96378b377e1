"""Questions that one passage answers."""

import random
from collections.abc import Iterator, Sequence
from functools import partial

from dynamicrag.evaluation.synthesize.asker import Asker
from dynamicrag.evaluation.synthesize.facts import Fact
from dynamicrag.evaluation.synthesize.form import Refused, checked
from dynamicrag.evaluation.synthesize.kinds import (
    Attempt,
    Seen,
    check_answer,
    check_found,
    facts_by_passage,
    in_turn,
)
from dynamicrag.evaluation.synthesize.made import Made
from dynamicrag.evaluation.synthesize.prompts import ask_for
from dynamicrag.types import Passage


class Single:
    """A fact, and the question that it answers.

    Args:
        asker: Model and retriever.
        passages: All passages.
    """

    name = "single"

    def __init__(self, asker: Asker, passages: Sequence[Passage]) -> None:
        self._asker = asker
        self._facts = facts_by_passage(passages)

    def attempts(self, rng: random.Random) -> Iterator[Attempt]:
        """See :class:`.kinds.Kind`."""
        return (partial(self._attempt, fact) for fact in in_turn(rng, self._facts.values()))

    async def _attempt(self, fact: Fact, seen: Seen) -> Made:
        question = await asked_for(self._asker, self.name, fact)
        if seen(question):
            raise Refused("duplicate", question)
        await check_found(self._asker, self.name, question, fact.passage)
        await check_answer(self._asker, self.name, question, fact.answer, [fact.passage])
        return Made(question, self.name, (fact.answer,), (fact.passage,))


async def asked_for(asker: Asker, kind: str, fact: Fact) -> str:
    """Return the question that a model writes for a fact.

    Raises:
        Refused: It cannot be used.
    """
    written = await asker.write(kind, ask_for(fact))
    return checked(written, f"{fact.passage['title']} {fact.context}", fact.answer)

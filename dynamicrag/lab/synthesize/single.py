"""Questions that one passage answers."""

from dynamicrag.lab.synthesize.asker import Asker
from dynamicrag.lab.synthesize.facts import Fact
from dynamicrag.lab.synthesize.form import Refused, checked
from dynamicrag.lab.synthesize.kinds import OfFacts, Seen, check_answer, check_found
from dynamicrag.lab.synthesize.made import Made
from dynamicrag.lab.synthesize.prompts import ask_for


class Single(OfFacts):
    """A fact, and the question that it answers."""

    name = "single"

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

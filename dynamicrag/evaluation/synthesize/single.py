"""Questions that one passage answers."""

from dynamicrag.evaluation.synthesize.asker import Asker
from dynamicrag.evaluation.synthesize.facts import Fact
from dynamicrag.evaluation.synthesize.form import Refused, checked
from dynamicrag.evaluation.synthesize.kinds import OfFacts, Seen, check_answer, check_found
from dynamicrag.evaluation.synthesize.made import Made
from dynamicrag.evaluation.synthesize.prompts import ask_for


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

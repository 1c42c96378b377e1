"""Questions about what the corpus speaks of, whose answer is in none of its passages.

Source: Rajpurkar et al., "Know What You Don't Know: Unanswerable Questions for SQuAD", ACL 2018, whose
questions are as near to the text as answerable ones.
"""

from dynamicrag.lab.synthesize.facts import Fact
from dynamicrag.lab.synthesize.form import Refused, checked
from dynamicrag.lab.synthesize.kinds import OfFacts, Seen, check_found, key
from dynamicrag.lab.synthesize.made import Made
from dynamicrag.lab.synthesize.prompts import ask_beyond
from dynamicrag.verify.unanswerable import is_refusal

SHOWN = 4
"""Passages that are looked through at a time: a small model overlooks what is among many."""


class Unanswerable(OfFacts):
    """What a reader may ask after a fact."""

    name = "unanswerable"

    async def _attempt(self, fact: Fact, seen: Seen) -> Made:
        asker, kind, passage = self._asker, self.name, fact.passage
        written = await asker.write(kind, ask_beyond(passage["title"], fact.context))
        question = checked(written, f"{passage['title']} {fact.context}")
        if seen(question):
            raise Refused("duplicate", question)
        await check_found(asker, kind, question, passage)
        others = [one for one in await asker.found(kind, question) if key(one) != key(passage)]
        groups = [[passage], *(others[at : at + SHOWN] for at in range(0, len(others), SHOWN))]
        for group in groups:
            if not is_refusal(await asker.answer(kind, question, group)):
                raise Refused("answerable", question)
        return Made(question, kind, (), (passage,))

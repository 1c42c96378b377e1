"""Whether the words of an answer stand in the passages it was written from."""

import re
from collections.abc import Sequence

from dynamicrag.languages import YES_OR_NO
from dynamicrag.normal import normalise
from dynamicrag.text import Unit, languages, terms, units
from dynamicrag.types import Passage
from dynamicrag.verify.base import VERIFIERS, Evidence, Signal, Verifier


@VERIFIERS.register("groundedness")
class Groundedness(Verifier):
    """Signal ``groundedness``: share of the answer's content words that occur in a passage.

    Words of the question count only if a passage has them too. Answers of yes or no have no content
    words to look for; they, and answers without any passages, get no signal.

    An answer in another language or script than the passages shares few words with them, however right it is.
    Unless all of its words occur, as those of a name do, its numbers alone are judged. There is no signal
    where it or the passages have none.
    """

    gives = (Signal("groundedness"),)
    doubt = "Words of the draft do not occur in the passages."
    computes = True

    async def verify(self, evidence: Evidence) -> dict[str, float]:
        """See the base class."""
        claimed = [unit for unit in units(evidence.answer) if unit.whole not in YES_OR_NO]
        if not claimed or not evidence.passages or _says_whether(evidence.answer):
            return {}
        texts = [f"{passage['title']}\n{passage['text']}" for passage in evidence.passages]
        found = {term for text in texts for term in terms(text, every=True)}
        said = [unit.within(found) for unit in claimed]
        if not all(said) and foreign(evidence.question, evidence.answer, evidence.passages):
            return _of_numbers(claimed, found)
        return {"groundedness": sum(said) / len(said)}


def _says_whether(answer: str) -> bool:
    return re.sub(r"[^\w\u0900-\u0e4e]+", "", normalise(answer)) in YES_OR_NO


def foreign(question: str, answer: str, passages: Sequence[Passage]) -> bool:
    """Return whether an answer is in another language than the passages, as far as that can be told.

    A short answer does not tell; it is taken to be in the language of its question.
    """
    given = languages(answer) or languages(question, least=1)
    there = languages("\n".join(passage["text"] for passage in passages))
    return bool(given and there and given.isdisjoint(there))


def _of_numbers(claimed: Sequence[Unit], found: set[str]) -> dict[str, float]:
    numbers = [unit for unit in claimed if unit.is_number]
    if not numbers or not any(term.isdigit() for term in found):  # or the passages write theirs out
        return {}
    return {"groundedness": sum(unit.within(found) for unit in numbers) / len(numbers)}

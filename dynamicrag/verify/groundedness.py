"""Whether the words of an answer stand in the passages it was written from."""

import re
from collections.abc import Sequence

from dynamicrag.languages import YES_OR_NO
from dynamicrag.normal import normalise
from dynamicrag.text import Unit, languages, stems, terms, units
from dynamicrag.types import Passage
from dynamicrag.verify.base import VERIFIERS, Evidence, Signal, Verifier

_WORDS = re.compile(r"[^\s,.;:!?，。！？、؟]+")

LETTER = 0.5
"""What a letter counts that passages have in other words alone: "色" of "红色" where they say "蓝色"."""


@VERIFIERS.register("groundedness")
class Groundedness(Verifier):
    """Signal ``groundedness``: share of the answer's content words that occur in a passage.

    Words of the question say nothing of the answer: they count only where the answer has no others, and then
    only if a passage has them too. Answers of yes or no have no content words to look for; they, and answers
    without any passages, get no signal.

    Of scripts without spaces each letter counts: fully where a letter beside it stands there too or it is a
    word of its own, by half where it stands in other words alone.

    An answer in another language or script than the passages shares few words with them, however right it is.
    Unless all of its words occur, as those of a name do, its numbers alone are judged. There is no signal
    where it or the passages have none.
    """

    gives = (Signal("groundedness"),)
    doubt = "Words of the draft do not occur in the passages."
    computes = True

    async def verify(self, evidence: Evidence) -> dict[str, float]:
        """See the base class."""
        claimed = _claims(evidence.answer)
        claimed = beyond(claimed, evidence.question) or claimed
        if not claimed or not evidence.passages:
            return {}
        texts = [f"{passage['title']}\n{passage['text']}" for passage in evidence.passages]
        found = {term for text in texts for term in terms(text, every=True)}
        alone = {letter for text in texts for letter in stems(text)}
        said = [float(unit.within(found) or unit.whole in alone) for unit in claimed]
        if not all(said) and foreign(evidence.question, evidence.answer, evidence.passages):
            return _of_numbers(claimed, found)
        said = [own or LETTER * (unit.whole in found) for own, unit in zip(said, claimed, strict=True)]
        return {"groundedness": sum(said) / len(said)}


def _claims(answer: str) -> list[Unit]:
    """Return what an answer says besides yes and no."""
    said = _WORDS.findall(normalise(answer))
    return (
        units(" ".join(word for word in said if word not in YES_OR_NO))
        if YES_OR_NO & set(said)
        else units(answer)
    )


def beyond(said: Sequence[Unit], question: str) -> list[Unit]:
    """Return what is said besides the question's own words."""
    asked = set(terms(question, every=True))
    return [unit for unit in said if not unit.within(asked)]


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

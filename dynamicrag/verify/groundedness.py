"""Verifier: whether the words of an answer occur in its passages."""

import re
from collections.abc import Sequence

from dynamicrag.records import Passage
from dynamicrag.text.languages import YES_OR_NO
from dynamicrag.text.normal import normalise
from dynamicrag.text.scripts import stems
from dynamicrag.text.terms import Unit, terms, units
from dynamicrag.text.words import languages
from dynamicrag.verify.base import VERIFIERS, Evidence, Signal, Verifier

_WORDS = re.compile(r"[^\s,.;:!?，。！？、؟]+")

LETTER = 0.5
"""Weight of a letter that occurs only in other words of the passages: "色" of "红色" if they have "蓝色"."""


@VERIFIERS.register("groundedness")
class Groundedness(Verifier):
    """Signal ``groundedness``: share of the answer's content words that occur in a passage.

    Words of the question are no evidence for the answer: they count only if the answer has no others, and
    then only if a passage has them too. Answers of yes or no have no content words; they, and answers without
    passages, get no signal.

    In scripts without spaces each letter counts: fully if a letter next to it occurs with it or it is a word
    by itself, half if it occurs only in other words.

    An answer in another language or script than the passages shares few words with them, even if it is right.
    Unless all of its words occur, as for a name, only its numbers are judged. There is no signal if it or the
    passages have none.
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
    """Return the units of an answer besides yes and no."""
    said = _WORDS.findall(normalise(answer))
    return (
        units(" ".join(word for word in said if word not in YES_OR_NO))
        if YES_OR_NO & set(said)
        else units(answer)
    )


def beyond(said: Sequence[Unit], question: str) -> list[Unit]:
    """Return the units that are not words of the question."""
    asked = set(terms(question, every=True))
    return [unit for unit in said if not unit.within(asked)]


def foreign(question: str, answer: str, passages: Sequence[Passage]) -> bool:
    """Return whether an answer is in another language than the passages, as far as detectable.

    A short answer is not enough; the language of its question counts instead.
    """
    given = languages(answer) or languages(question, least=1)
    there = languages("\n".join(passage["text"] for passage in passages))
    return bool(given and there and given.isdisjoint(there))


def _of_numbers(claimed: Sequence[Unit], found: set[str]) -> dict[str, float]:
    numbers = [unit for unit in claimed if unit.is_number]
    if not numbers or not any(term.isdigit() for term in found):  # or the passages write theirs out
        return {}
    return {"groundedness": sum(unit.within(found) for unit in numbers) / len(numbers)}

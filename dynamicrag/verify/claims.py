"""Splits an answer into claims, sentence by sentence."""

from dynamicrag.text.sentences import sentences

ASKED = 1000  # characters of a question; each short claim repeats them
SHORT = 4  # words; shorter sentences are not claims without the question


def claims(question: str, answer: str) -> list[str]:
    """Return the sentences of an answer; a very short sentence follows the question."""
    asked = question[:ASKED]
    return [said if len(said.split()) >= SHORT else f"{asked} {said}" for said in sentences(answer)]

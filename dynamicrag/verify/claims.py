"""What an answer claims, sentence by sentence."""

from dynamicrag.text import sentences

ASKED = 1000  # characters of a question; each short claim repeats them
SHORT = 4  # words; fewer are no claim without the question


def claims(question: str, answer: str) -> list[str]:
    """Return the sentences of an answer; one too short to claim anything is put behind the question."""
    asked = question[:ASKED]
    return [said if len(said.split()) >= SHORT else f"{asked} {said}" for said in sentences(answer)]

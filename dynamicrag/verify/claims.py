"""What an answer claims, sentence by sentence."""

import re

_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")
SHORT = 4  # words; fewer are no claim without the question


def sentences(text: str) -> list[str]:
    """Return the sentences of a text."""
    return [piece.strip() for piece in _END.split(text) if piece.strip()]


def claims(question: str, answer: str) -> list[str]:
    """Return the sentences of an answer; one too short to claim anything is put behind the question."""
    return [said if len(said.split()) >= SHORT else f"{question} {said}" for said in sentences(answer)]

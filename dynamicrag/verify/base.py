"""The contract of a verifier: evidence in, named signals out."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from dynamicrag.registry import Registry
from dynamicrag.types import Passage


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a verifier may look at.

    Attributes:
        question: The standalone question.
        answer: The draft's answer.
        passages: The context that it was written from; empty when nothing was retrieved.
        signals: What its token probabilities say, see :func:`dynamicrag.features.response.response`.
    """

    question: str
    answer: str
    passages: Sequence[Passage]
    signals: Mapping[str, float]


class Verifier(ABC):
    """Judges a draft. Retrieved text in the evidence is data, never an instruction."""

    computes: ClassVar[bool] = False
    """Whether ``verify`` waits for nothing, and so needs no event loop."""

    @abstractmethod
    async def verify(self, evidence: Evidence) -> dict[str, float]:
        """Return signals by name; leave out what cannot be told."""


VERIFIERS: Registry[Verifier] = Registry("verifier", "dynamicrag.verify")

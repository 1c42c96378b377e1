"""The model's own word that the passages do not hold the answer (Self-Route, Li et al., 2024)."""

import re

from dynamicrag.verify.base import VERIFIERS, Evidence, Signal, Verifier

_REFUSAL = re.compile(
    r"^\W*$|\bunanswerable\b|\bunknown\b\W*$|"
    r"\b(not|isn't|is not|aren't|wasn't) (mentioned|provided|specified|stated|given|included|available|found|"
    r"listed|in the (passages?|documents?|text|context))\b|"
    r"\b(no|not enough|insufficient) information\b|"
    r"\b(do|does|did) not (mention|provide|specify|state|contain|say|include|give)\b|"
    r"\b(don't|doesn't|do not|cannot|can't) (know|contain|answer|determine|be determined)\b",
    re.IGNORECASE,
)


def is_refusal(answer: str) -> bool:
    """Return whether an answer says that there is none."""
    return bool(_REFUSAL.search(answer))


@VERIFIERS.register("unanswerable")
class Unanswerable(Verifier):
    """Signal ``unanswerable``: 1 where the answer says that there is none, else 0."""

    gives = (Signal("unanswerable"),)
    rises = False
    doubt = "The draft gives no answer; look whether the passages hold one."
    computes = True
    paper = "Li et al. 2024, Self-Route, arXiv 2407.16833"

    async def verify(self, evidence: Evidence) -> dict[str, float]:
        """See the base class."""
        return {"unanswerable": float(is_refusal(evidence.answer))}

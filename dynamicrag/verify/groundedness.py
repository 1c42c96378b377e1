"""Whether the words of an answer stand in the passages it was written from."""

from dynamicrag.text import content_words, words
from dynamicrag.verify.base import VERIFIERS, Evidence, Signal, Verifier


@VERIFIERS.register("groundedness")
class Groundedness(Verifier):
    """Signal ``groundedness``: share of the answer's content words that occur in a passage.

    Words of the question count only if a passage has them too. Answers of yes or no have no content
    words to look for; they, and answers without any passages, get no signal.
    """

    gives = (Signal("groundedness"),)
    doubt = "Words of the draft do not occur in the passages."
    computes = True

    async def verify(self, evidence: Evidence) -> dict[str, float]:
        """See the base class."""
        claimed = [word for word in content_words(evidence.answer) if word not in ("yes", "no")]
        if not claimed or not evidence.passages:
            return {}
        found: set[str] = set()
        for passage in evidence.passages:
            found.update(words(passage["title"]), words(passage["text"]))
        return {"groundedness": sum(word in found for word in claimed) / len(claimed)}

"""Verifier: whether the passages have a sentence similar to each claim, by sentence embeddings."""

from collections.abc import Sequence

import numpy as np

from dynamicrag.cost.expect import Asks
from dynamicrag.text.sentences import sentences
from dynamicrag.verify.base import VERIFIERS, VERIFY, Evidence, Signal, Verifier
from dynamicrag.verify.claims import claims

MOST = 256  # largest number of sentences of passages


@VERIFIERS.register("groundedness_embedding")
class EmbeddingGroundedness(Verifier):
    """Signal ``groundedness_embedding``: mean over claims of the best similarity to a sentence.

    No signal without passages or claims, nor if the embedding model cannot read a claim or any of the
    passages.
    """

    gives = (Signal("groundedness_embedding"),)
    doubt = "The passages say nothing like the draft."
    paper = "Reimers and Gurevych 2019, Sentence-BERT, arXiv 1908.10084 (likeness)"

    def asks(self) -> Sequence[Asks]:
        """See the base class."""
        return (Asks(1, reads=True, computes=VERIFY + self.registered),)

    async def verify(self, evidence: Evidence) -> dict[str, float]:
        """See the base class."""
        claimed = claims(evidence.question, evidence.answer)
        found = [sentence for passage in evidence.passages for sentence in sentences(passage["text"])][:MOST]
        if not claimed or not found:
            return {}
        vectors = await evidence.caller.embed([*claimed, *found])
        likeness = vectors[: len(claimed)] @ vectors[len(claimed) :].T
        read = ~np.isnan(likeness).all(axis=0)
        if not read.any() or np.isnan(likeness[:, read]).any():
            return {}
        return {"groundedness_embedding": float(np.clip(likeness[:, read].max(axis=1), 0.0, 1.0).mean())}

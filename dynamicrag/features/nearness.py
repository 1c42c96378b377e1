"""Whether the documents speak of a question at all, judged by what retrieval found.

Three answers, for two kinds of mistake differ in price: a question taken for *far* is answered without the
documents, and one taken for *near* is withheld where the draft finds no answer. Between the two the draft
decides: if it stands on the passages, they spoke of the question.

What was measured with all-MiniLM-L6-v2, best cosine of a question with the chunks of a corpus, percentiles
5 / 50 / 95, 200 questions each:

===============================================  ====  ====  ====
HotpotQA's questions, its own passages            .46   .63   .81
Cranfield's, its own                              .53   .68   .85
the sample's, its own documents                   .47   .56   .74
everyday paraphrases of the sample (12)           .24   .33   .46
HotpotQA's, the sample's documents                .11   .21   .37
2WikiMultihopQA's, the sample's documents         .12   .21   .34
Cranfield's, 2WikiMultihopQA's passages           .19   .25   .36
HotpotQA's, 2WikiMultihopQA's passages            .30   .40   .49
===============================================  ====  ====  ====

No one bound parts paraphrases from strangers, hence the middle.
"""

from collections.abc import Mapping
from typing import Literal

Nearness = Literal["near", "unclear", "far"]

SIMILAR, STRANGE = 0.35, 0.22
"""Cosine from which a passage is near whatever its words, and below which an English question may be far."""
KNOWN, LACKING = 0.7, 0.5
"""Share of the question's words, by idf, that the corpus has: near from the first, far below the second."""

NAMED = 1.0
"""Share of the question's names that what was found speaks of, from where it is near."""


def nearness(features: Mapping[str, float]) -> Nearness:
    """Return how near the best of what was found is to the question.

    Args:
        features: ``similarity`` (greatest cosine of a passage with the question, as all-MiniLM would have it;
            missing where it is not known what the embedder's cosines mean), ``idf_coverage`` and
            ``matched`` (shares of its words in the corpus and in the best passage), ``titled`` (whether it
            names a passage's title), ``english`` (whether the embedding model knows the question's language),
            ``passages`` (how many were found), ``entity_coverage`` (see the verifier). Any may be missing.

    Returns:
        ``far`` only where a cosine says so in a language that the model knows, and the words agree, or where
        nothing was found. ``near`` where either says so. Else ``unclear``.
    """
    if not features.get("passages", 1.0):
        return "far"
    if features.get("entity_coverage", 0.0) >= NAMED:
        return "near"
    similarity, matched = features.get("similarity"), features.get("matched", 0.0)
    covered = features.get("idf_coverage", matched)
    if similarity is None:  # words are all there is to go by, and they cannot say that nothing is there
        return "near" if features.get("titled") or max(covered, matched) >= LACKING else "unclear"
    if similarity >= SIMILAR or min(covered, matched) >= KNOWN:
        return "near"
    return "far" if similarity < STRANGE and features.get("english") and covered < LACKING else "unclear"

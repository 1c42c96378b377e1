"""Whether the documents cover a question at all, judged by retrieval signals.

There are three answers, because the two kinds of mistake have different costs: a question wrongly judged
*far* is answered without the documents, and a question wrongly judged *near* is withheld if the draft finds
no answer. Between the two the draft decides: if it is based on the passages, they covered the question.

Measurements with all-MiniLM-L6-v2: best cosine of a question with the chunks of a corpus, percentiles
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

No single threshold separates paraphrases from unrelated questions, hence the middle.
"""

from collections.abc import Mapping
from typing import Literal

Nearness = Literal["near", "unclear", "far"]

SIMILAR, STRANGE = 0.35, 0.22
"""Cosine from which a passage is near for any words, and below which an English question may be far."""
KNOWN, LACKING = 0.7, 0.5
"""Share of the question's words, by idf, in the corpus: near from the first, far below the second."""

NAMED = 1.0
"""Share of the question's names in the passages from which it is near."""


def nearness(features: Mapping[str, float]) -> Nearness:
    """Return the nearness of the best passage to the question.

    Args:
        features: ``similarity`` (greatest cosine of a passage with the question, on all-MiniLM's scale;
            missing if the embedder's scale is unknown), ``idf_coverage`` and ``matched`` (shares of its words
            in the corpus and in the best passage), ``titled`` (whether it names a passage's title),
            ``english`` (whether the embedding model knows the question's language), ``passages`` (number of
            passages), ``entity_coverage`` (see the verifier). Any may be missing.

    Returns:
        ``far`` only if the cosine is low in a language that the model knows and the words agree, or if
        nothing was found. ``near`` if either is high. Otherwise ``unclear``.
    """
    if not features.get("passages", 1.0):
        return "far"
    if features.get("entity_coverage", 0.0) >= NAMED:
        return "near"
    similarity, matched = features.get("similarity"), features.get("matched", 0.0)
    covered = features.get("idf_coverage", matched)
    if similarity is None:  # there are only words, which cannot show that the topic is absent
        return "near" if features.get("titled") or max(covered, matched) >= LACKING else "unclear"
    if similarity >= SIMILAR or min(covered, matched) >= KNOWN:
        return "near"
    return "far" if similarity < STRANGE and features.get("english") and covered < LACKING else "unclear"

"""Features of a question from its retrieval."""

from collections.abc import Sequence

from dynamicrag.features.base import FEATURES
from dynamicrag.features.signals import SignalFeatures
from dynamicrag.features.worth import enough, looked_at, question_words, worth
from dynamicrag.records import Passage
from dynamicrag.text.terms import Unit
from dynamicrag.text.words import languages

DEPTH = 12
"""Number of passages whose worth is estimated."""


def retrieval(question: str, passages: Sequence[Passage]) -> dict[str, float]:
    """Return the features of retrieved passages.

    Returns:
        ``passages``, ``documents`` (distinct parents), ``top_share`` (the best score's share of the sum: high
        if one passage stands out), ``top_margin`` (relative lead of the best over the second), ``matched``
        (share of the question's content words in the best passage) and ``matched_all`` (in all of them
        together), ``titled`` (whether the question has all words of a passage's title) and ``enough`` (number
        of the first twelve passages that a context needs, by :mod:`dynamicrag.features.worth`). If a
        retriever has compared embeddings, also ``similarity``, the greatest cosine of a passage with the
        question, and ``english``, whether the question is in the language of the default embedding model.
    """
    if not passages:
        return {"passages": 0.0, "documents": 0.0, "top_share": 0.0, "top_margin": 0.0, "matched": 0.0,
                "matched_all": 0.0, "titled": 0.0, "enough": 0.0}  # fmt: skip
    scores = [max(passage["score"], 0.0) for passage in passages]
    total = sum(scores) or 1.0
    second = scores[1] if len(scores) > 1 else 0.0
    asked, said = question_words(question)
    looked = looked_at(passages)
    found = [each.words for each in looked]
    similar = [passage["similarity"] for passage in passages if "similarity" in passage]
    return {
        **({"similarity": max(similar), "english": _english(question)} if similar else {}),
        "passages": float(len(passages)),
        "documents": float(len({passage["document"] for passage in passages})),
        "top_share": scores[0] / total,
        "top_margin": (scores[0] - second) / (scores[0] or 1.0),
        "matched": _share(asked, found[0]),
        "matched_all": _share(asked, set().union(*found)),
        "titled": float(any(each.titled(said) for each in looked)),
        "enough": float(len(enough(worth(question, looked[:DEPTH])))),
    }


def _english(question: str) -> float:
    return float("en" in languages(question, least=1))


def _share(asked: frozenset[Unit], found: set[str]) -> float:
    return sum(unit.within(found) for unit in asked) / len(asked) if asked else 1.0


@FEATURES.register("retrieval")
class RetrievalFeatures(SignalFeatures):
    """Signals of the question from a retrieval or the corpus's vocabulary.

    Query-performance predictors, Cronen-Townsend et al. 2002 and Shtok et al. 2012, as far as they have no
    extra cost: ``coverage``, ``idf_coverage`` and ``unseen_terms`` need no retrieval, the others need one.
    """

    wanted = ("coverage", "idf_coverage", "unseen_terms", *retrieval("", ()))

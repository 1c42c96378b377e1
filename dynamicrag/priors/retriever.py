"""Stage ``retriever`` of the prior: the kind of search, and the corpus, that suit a question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dynamicrag.priors.shifts import Shifts, StagePrior
from dynamicrag.types import Option

LATER = 0.01
"""Advantage of the last option, which its author holds to be the strongest: it decides between equals."""
LITERAL = 0.1
"""Shift of a search by words, and against one by meaning alone, per quote, identifier or piece of code.

By judgement: embedding models cut identifiers to pieces, and our recordings have none. Quotes alone change
nothing there.
"""
OTHER_WORDS = 0.3
"""Share of lacking words from which the question is in other words than the documents."""
TOPIC = 6.0
"""Shift of the documents of another topic, per unit of cosine farther away than the nearest."""
NEAREST = "nearest_"
"""Prefix of the feature with a corpus's nearness to the question; the corpus's name follows."""


@dataclass(frozen=True, slots=True)
class RetrieverPrior(StagePrior):
    """Shifts of the answer's logit by the way of searching.

    An option's ``finds`` (see :class:`~dynamicrag.retrieval.base.Retriever`) says how it searches: by
    ``words``, by ``meaning``, by both, and by ``links``. A search by words and meaning has no shift; nor has
    an option that does not say how it searches. A later option has a small advantage: options are listed
    weakest first.

    Attributes:
        words: Shift of a search by words alone; with all changes at most 0.
        words_lacking: Its change per share of the question's words, by idf, that the documents lack.
        meaning: Shift of a search by meaning alone.
        meaning_lacking: Its change per share of the question's words that the documents lack.
        links: Shift of following links; signs of a chain in the question do not change it in the recordings.
    """

    words: float
    words_lacking: float
    meaning: float
    meaning_lacking: float
    links: float

    def shifts(self, options: Sequence[Option], features: Mapping[str, float]) -> Shifts:
        """See the base class."""
        found = StagePrior.shifts(self, options, features)
        step = LATER / max(1, len(options) - 1)
        return replace(found, logit=tuple(own + step * place for place, own in enumerate(found.logit)))

    def shift(self, option: Option, features: Mapping[str, float]) -> tuple[float, str]:
        """See the base class."""
        finds = frozenset(option.params.get("finds", ()))
        logit, reasons = 0.0, []
        lacking = 1.0 - features.get("idf_coverage", 1.0)
        literal = LITERAL * min(features.get("literals", 0.0), 2.0)
        if finds and "meaning" not in finds:
            logit += min(0.0, self.words + self.words_lacking * lacking + literal)
            reasons.append("literal words" if literal else "words alone")
        elif finds and "words" not in finds:
            logit += self.meaning + self.meaning_lacking * lacking - literal
            reasons.append("other words than the documents" if lacking > OTHER_WORDS else "meaning alone")
        if "links" in finds:
            logit += self.links
            reasons.append("follows names")
        distance = _distance(option, features)
        if distance is not None:
            logit -= TOPIC * distance
            reasons.append("documents farther away" if distance else "the nearest documents")
        return logit, ", ".join(reasons)


def _distance(option: Option, features: Mapping[str, float]) -> float | None:
    """Return the distance of an option's documents beyond the nearest ones; ``None`` if unknown."""
    names = [NEAREST + name for name in option.params.get("corpora", ())]
    own = [features[name] for name in names if name in features]
    if not own:
        return None
    return max(value for name, value in features.items() if name.startswith(NEAREST)) - max(own)

"""Stage ``retriever`` of the prior: the kind of search, and the corpus, that suit a question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dynamicrag.priors.shifts import Shifts, StagePrior
from dynamicrag.types import Option

LATER = 0.1
"""Advantage of the last option, which its author holds to be the strongest."""
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
        words: Shift of a search by words alone, compared with one by words and meaning.
        meaning: Shift of a search by meaning alone.
        literal: Increase of a search by words per literal part (quote, identifier, code) of the question.
        paraphrased: Increase of a search by meaning alone per share of the question's words, by idf, that the
            documents lack.
        links: Shift of following links.
        chained: Increase of following links per sign of a chain (possessives, relative clauses).
        topic: Shift from the farthest to the nearest corpus, per unit of cosine.
        spread: Standard deviation of a shift.
    """

    words: float
    meaning: float
    literal: float
    paraphrased: float
    links: float
    chained: float
    topic: float
    spread: float

    def shifts(self, options: Sequence[Option], features: Mapping[str, float]) -> Shifts:
        """See the base class."""
        found = [self._option(option, features) for option in options]
        step = LATER / max(1, len(options) - 1)
        logits = tuple(logit + step * place for place, (logit, _) in enumerate(found))
        return Shifts(logits, tuple(why for _, why in found), self.spread)

    def _option(self, option: Option, features: Mapping[str, float]) -> tuple[float, str]:
        finds = frozenset(option.params.get("finds", ()))
        logit, reasons = 0.0, []
        lacking = 1.0 - features.get("idf_coverage", 1.0)
        if finds and "meaning" not in finds:
            literal = min(features.get("literals", 0.0), 2.0)
            logit += self.words + self.literal * literal - self.paraphrased * lacking
            reasons += ["literal words"] if literal else ["words alone"]
        elif finds and "words" not in finds:
            logit += self.meaning + self.paraphrased * lacking
            reasons += ["in other words than the documents"] if lacking > 0.3 else ["meaning alone"]
        if "links" in finds:
            chain = min(features.get("bridges", 0.0) + features.get("comparison", 0.0), 2.0)
            logit += self.links + self.chained * chain
            reasons += ["several things are named"] if chain else []
        near = [
            features[NEAREST + name]
            for name in option.params.get("corpora", ())
            if NEAREST + name in features
        ]
        best = max((value for name, value in features.items() if name.startswith(NEAREST)), default=0.0)
        if near:
            logit += self.topic * (max(near) - best)
            reasons += (
                ["its documents are the nearest"] if max(near) == best else ["its documents are farther"]
            )
        return logit, ", ".join(reasons)

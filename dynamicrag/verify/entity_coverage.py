"""Verifier: whether the passages contain the names in the question."""

import re
from collections.abc import Iterator, Sequence
from itertools import dropwhile, groupby

from dynamicrag.text.languages import CAPITALISED_NOUNS
from dynamicrag.text.normal import plain
from dynamicrag.text.terms import terms
from dynamicrag.text.words import content_words, languages, singular
from dynamicrag.verify.base import VERIFIERS, Evidence, Signal, Verifier

_BREAK = re.compile(r"['’]s?(?=\s|$)|[^\w\s.'’&-]|\.\s")  # a possessive ends a name too
_NO_NAMES = frozenset(
    """
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july
    august september october november december dr doctor mr mrs ms miss prof professor sir
    """.split()  # noqa: SIM905 - as with stop words
)


@VERIFIERS.register("entity_coverage")
class EntityCoverage(Verifier):
    """Signal ``entity_coverage``: share of the question's named entities that occur whole in a passage.

    If the documents lack a question's topic, retrieval finds its namesakes, and a model answers from them in
    words that do occur in the passages, so that ``groundedness`` finds no fault.

    A name is a run of capitalised words, with numbers between them or after; it counts as found if one
    passage has all of its words, ignoring accents and plurals. All retrieved passages count, not just the
    context: the common topic of all documents is named in some of them. Not counted are the question's first
    word, days, months, forms of address, and words all in capitals, because an abbreviation is often written
    out.

    There is no signal without passages or names, nor if the question's words do not identify its language, if
    that language has no capitals or capitalises all nouns, or if the passages are in another language, which
    may write the name differently.

    For the idea of sufficient context, independent of the answer, see Joren et al. 2025, Sufficient Context,
    arXiv 2411.06037, who ask a large model.
    """

    gives = (Signal("entity_coverage"),)
    doubt = "The passages do not mention what the question names."
    reads_draft = False
    computes = True

    async def verify(self, evidence: Evidence) -> dict[str, float]:
        """See the base class."""
        named = set(_names(evidence.question))
        retrieved = evidence.retrieved or evidence.passages
        if not named or not retrieved:
            return {}
        texts = [f"{passage['title']}\n{passage['text']}" for passage in retrieved]
        if not _comparable(evidence.question, texts):
            return {}
        found = [set(map(singular, terms(text))) for text in texts]
        return {"entity_coverage": sum(any(own.issuperset(n) for own in found) for n in named) / len(named)}


def _comparable(question: str, texts: Sequence[str]) -> bool:
    """Return whether capitals mark names, and question and passages write names in the same way."""
    asked, there = languages(question, least=1), languages("\n".join(texts))
    return bool(asked) and asked.isdisjoint(CAPITALISED_NOUNS) and not (there and asked.isdisjoint(there))


def _names(question: str) -> Iterator[tuple[str, ...]]:
    """Yield the content words of every name."""
    for piece in _BREAK.split(plain(" ".join(question.split()[1:]))):
        for capital, run in groupby(piece.split(), key=_begins_like_a_name):
            written = " ".join(run)
            terms = [word for word in map(singular, content_words(written)) if word not in _NO_NAMES]
            name = tuple(dropwhile(str.isdigit, terms))
            if capital and name and not written.isupper():
                yield name


def _begins_like_a_name(word: str) -> bool:
    return word[0].isupper() or word[0].isdigit()

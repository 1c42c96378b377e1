"""The terms of documents and questions, for BM25.

The definition of a term was chosen by nDCG@10 on the passages of HotpotQA, 2WikiMultihopQA and Cranfield (k1
= 0.9, b = 0.4):

====================================================  =====  =====  =====
lower-cased words alone                                .749   .733   .344
and stop words (articles, pronouns, question words)    .756   .747   .362
and plural endings removed (Harman's S stemmer)        .769   .747   .366
and the title counted twice                            .781   .756   .375
and one form for every letter, without accents         .781   .754   .376
and compounds as one word too (this module)            .785   .755   .376
the title counted twice, with Porter's stemmer         .793   .755   .382
====================================================  =====  =====  =====

Compounds ("e-mail", "XR-7", "maxTokens") are indexed in parts and as one word, because people write them
either way; hyphenated ones up to 12 letters, because longer ones cost .003 on Cranfield.

The same questions were used to choose and to measure, so the gains are somewhat optimistic. Porter's stemmer
gained .012, 0 and .007, but only works for English; it would also add a library that takes longer to import
than a thousand queries take.
"""

from dynamicrag.retrieval.store import Chunk
from dynamicrag.text.languages import FUNCTION_WORDS, OTHER_ALPHABETS, by_function_words
from dynamicrag.text.terms import terms
from dynamicrag.text.words import singular

ANALYSIS = 2
"""Version of :func:`analyse`; an index of another version is rebuilt."""

_ENGLISH = frozenset(
    """
    a an and are as at be been but by did do does for from had has have he her his how i if in into is it its
    no not of on or s she such t that the their then there these they this to was we were what when where
    which who whom whose why will with you
    """.split()  # noqa: SIM905 - a list of 70 strings is no easier to read
)


def analyse(text: str, *, document: bool = False) -> list[str]:
    """Split ``text`` into terms without stop words, in the singular; see :func:`dynamicrag.text.terms.terms`.

    Documents are indexed without English stop words; a question is searched without the stop words of its own
    language, if its words identify it.
    """
    found = terms(text, every=document)
    stop = _ENGLISH if document else _stop_words(found)
    return [singular(term) for term in found if term not in stop]


def _stop_words(asked: list[str]) -> frozenset[str]:
    languages = by_function_words(asked, least=2) - {"en"}
    return OTHER_ALPHABETS.union(
        _ENGLISH if not languages else (), *(FUNCTION_WORDS[own] for own in languages)
    )


def analyse_chunk(chunk: Chunk) -> list[str]:
    """Return the terms of a chunk; the title counts twice, as a weighted field.

    Source: Robertson, Zaragoza and Taylor, "Simple BM25 extension to multiple weighted fields", CIKM 2004.
    """
    return analyse(chunk.title, document=True) * 2 + analyse(chunk.text, document=True)

"""Words and sentences of a text, as features, verifiers, scores and the context see them."""

import re
import string
import unicodedata

_WORD = re.compile(r"\w+(?:[.,]\d+)*", re.UNICODE)
_ARTICLES = re.compile(r"\b(a|an|the)\b")
# not after an initial or a title before a name
_END = re.compile(r"(?<!\b[A-Z]\.)(?<!\b[DMS][rt]\.)(?<!\bMrs\.)(?<=[.!?])\s+|(?<=[。！？])|\n+")
_PUNCTUATION = str.maketrans("", "", string.punctuation)

STOP_WORDS = frozenset(
    """
    a about after all also am an and any are as at be because been before being between both but by
    can could did do does doing during each else for from further had has have having he her here
    hers him his how i if in into is it its just like me more most my no nor not of off on once one
    only or other our out over own please same she should so some such tell than that the their them
    then there these they this those through to too under until up us very was we were what when
    where which while who whom whose why will with would you your
    """.split()  # noqa: SIM905 - a list of 120 strings is no easier to read
)


def words(text: str) -> list[str]:
    """Return the words of ``text`` in lower case, numbers with their decimals kept whole."""
    return _WORD.findall(text.lower())


def content_words(text: str) -> list[str]:
    """Return the words that are not mere function words."""
    return [word for word in words(text) if word not in STOP_WORDS]


def singular(word: str) -> str:
    """Return an English word, in lower case, without the ending of a plural.

    Source of the stemmer: Harman, "How effective is suffixing?", JASIS 42(1), 1991.
    """
    if len(word) < 4 or not word.endswith("s"):
        return word
    if word.endswith("ies") and word[-4] not in "ea":
        return word[:-3] + "y"
    if word.endswith("es") and word[-3] not in "aeo":
        return word[:-1]
    return word[:-1] if word[-2] not in "us" else word


def unaccented(text: str) -> str:
    """Return ``text`` without accents and other combining marks."""
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))


def sentences(text: str) -> list[str]:
    """Return the sentences and lines of ``text``, without the white space between them."""
    return [piece.strip() for piece in _END.split(text) if piece.strip()]


def normalise(text: str) -> str:
    """Normalise an answer as SQuAD's evaluation does (Rajpurkar et al., 2016).

    Lower case, no punctuation, no English articles, single spaces.
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())

"""Detects whether a turn stands alone, or depends on the conversation before it.

Only by surface signs: words that point back, turns that continue ("and on Sundays?"), a single noun, a
question without a topic. Asking the helper model in vain costs a little; searching for "the second one" loses
the answer. So a turn stands alone only if it is plainly a complete question.
"""

import re
from collections.abc import Collection, Sequence
from enum import IntEnum
from functools import cache
from itertools import pairwise

from dynamicrag.features.pointers import POINTERS, UNSPACED
from dynamicrag.features.talk import reply
from dynamicrag.text.scripts import unspaced
from dynamicrag.text.words import content_words, languages, words


class Leaning(IntEnum):
    """The degree to which a turn needs the conversation before it."""

    ALONE = 0
    PERHAPS = 1
    SURELY = 2


_NAME = re.compile(r"(?<=[\w,'’] )(?!I\b)(?!(?:Sun|Mon|Tues|Wednes|Thurs|Fri|Satur)days?\b)[A-Z]\w*[a-z]\w*")
_EXPLETIVE = re.compile(
    r"\b(?:(?:is|are|was|were|will|be) there|there (?:is|are|was|were|will|can)"
    r"|y a t il|il y a|est ce qu[ei]l?|faut il)\b"
)
_SHORT = 3
"""Words of a turn that is too short for a complete question."""
_TOPIC = 4
"""Minimum number of Chinese, Japanese or Korean letters for a topic and a statement about it."""


def leaning(text: str) -> Leaning:
    """Return the degree to which a turn needs the conversation before it."""
    if reply(text):
        return Leaning.SURELY
    if unspaced(text) * 2 > sum(map(str.isalpha, text)):
        return _unspaced(text)
    found = words(text)
    if not found:
        return Leaning.SURELY
    own, topics = _languages(text, found), _topics(text)
    named = "de" not in own and _NAME.search(text) is not None
    if _points_back(found, own) or not (topics or named):
        return Leaning.SURELY
    if len(found) < _SHORT or (len(found) == _SHORT and not named):
        return Leaning.SURELY
    asks = _words(own, "asks")
    if found[0] not in asks or _lacks_a_verb(found, own):
        return Leaning.SURELY if len(found) <= _SHORT + 1 else Leaning.PERHAPS
    if not _words(own, "perhaps").isdisjoint(found):
        return Leaning.PERHAPS
    articles = _words(own, "articles")
    defined = any(a in articles and b in topics for a, b in pairwise(found))
    whole = named or len(topics) >= 3 or (len(topics) == 2 and defined)
    return Leaning.ALONE if whole else Leaning.PERHAPS


def names_a_topic(text: str) -> bool:
    """Return whether a turn names something to look up; "why?" does not."""
    return bool(_topics(text))


def _topics(text: str) -> Sequence[str]:
    """Return the content words of a text; Chinese, Japanese and Korean letters one by one."""
    if unspaced(text) * 2 > sum(map(str.isalpha, text)):
        topic = re.sub("|".join(_pieces()), "", re.sub(r"[\W_]", "", text))
        return list(topic) if len(topic) > 1 else []
    vague = _words(_languages(text, words(text) or [""]), "vague")
    return [word for word in content_words(text) if len(word) > 1 and word not in vague]


def _points_back(found: Sequence[str], own: Collection[str]) -> bool:
    said = set(_EXPLETIVE.sub(" ", " ".join(found)).split())
    if "it" in said and {"to", "that", "if"} & set(found[found.index("it") :]):
        said.remove("it")  # "how expensive is it to keep a dog?" points to nothing
    return (
        found[0] in _words(own, "opens")
        or found[:2] in (["what", "about"], ["how", "about"], ["as", "for"], ["why", "not"])
        or found[-1] in _words(own, "last")
        or not _words(own, "points").isdisjoint(said)
    )


def _lacks_a_verb(found: Sequence[str], own: Collection[str]) -> bool:
    """Return whether a preposition directly follows the question words, as in "how much for children?"."""
    second = 2 if found[0] in ("how", "what", "which", "wie", "a", "que") else 1
    joins = _words(own, "joins")
    return found[0] not in joins and not joins.isdisjoint(found[1 : second + 1])


def _unspaced(text: str) -> Leaning:
    plain = re.sub(r"[\W_]", "", text)
    if plain.startswith(tuple(UNSPACED["opens"].split())) or any(
        point in text for point in UNSPACED["points"].split()
    ):
        return Leaning.SURELY
    topics = _topics(text)
    if not topics:
        return Leaning.SURELY
    return Leaning.ALONE if _TOPIC <= len(topics) < len(plain) else Leaning.PERHAPS


@cache
def _pieces() -> Sequence[str]:
    return sorted(set(UNSPACED["function"].split()), key=len, reverse=True)


@cache
def _table(language: str, kind: str) -> frozenset[str]:
    return frozenset(POINTERS[language].get(kind, "").split())


def _words(own: Collection[str], kind: str) -> frozenset[str]:
    return frozenset().union(*(_table(language, kind) for language in own))


def _languages(text: str, found: Sequence[str]) -> Collection[str]:
    """Return the possible languages of a turn; all if it does not tell."""
    found_languages = [language for language in languages(text, least=1) if language in POINTERS]
    first = [
        language for language in POINTERS if found[0] in _table(language, "asks") | _table(language, "opens")
    ]
    return (
        [language for language in found_languages if language in first]
        or found_languages
        or first
        or list(POINTERS)
    )

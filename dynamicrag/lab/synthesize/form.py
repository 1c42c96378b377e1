"""Checks the form of a question that a model wrote; its text is data, and only its first line counts."""

import re

from dynamicrag.lab.scores import contains
from dynamicrag.llm.prompts.base import clean
from dynamicrag.text.words import content_words, words

FEWEST, MOST = 4, 35
"""Words of a question."""
ALIKE = 0.75
"""Share of content words in common from which two questions are near-duplicates."""

_ASKING = frozenset({"who", "whose", "what", "when", "where", "which", "why", "how"})
_LABEL = re.compile(r"^\W*(?:question|q)\s*:\s*", re.IGNORECASE)
_ODD = re.compile(r"[<>{}\[\]|\\\x00-\x1f\x7f]|https?:")
_LEAK = re.compile(
    r"\b(?:the|this|that|these|given|above|following|provided) "
    r"(?:given |above |following |provided )?(?:passages?|texts?|facts?|documents?|articles?|paragraphs?|"
    r"excerpts?|sentences?|contexts?|topics?|answers?|information|statements?)\b|"
    r"\baccording to\b|\b(?:is|are|was|were) (?:mentioned|stated|described|referred to)\b|\bmentioned in\b",
    re.IGNORECASE,
)
_ASKS_WHETHER = re.compile(
    r"^(?:is|are|was|were|do|does|did|can|could|has|have|had|will|would|should|may|might)\b", re.IGNORECASE
)
_POINTS = re.compile(
    r"\b(?:he|she|they|him|his|her|their|them)\b|"
    r"\b(?:is|was|did|does|do|has|will|can) (?:it|this|that|these|those)\b(?! (?:cost|take|last))|"
    r"\b(?:this|these|those)\b",
    re.IGNORECASE,
)


class Refused(Exception):
    """A question is not kept.

    Attributes:
        reason: A reason of :data:`REASONS`.
        text: The question, as far as there is one.
    """

    def __init__(self, reason: str, text: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.text = text


REASONS = {
    "no question": "is not exactly one question",
    "yes or no": "asks for yes or no",
    "leaks": "mentions the text that it was made from",
    "quotes its answer": "contains its own answer",
    "not alone": "does not say what it is about",
    "no link": "the second question does not name the answer of the first",
    "names the link": "names the answer of the first question",
    "duplicate": "asks the same as another question",
    "not found": "retrieval does not find the passage",
    "known without": "the model answers without any passage",
    "not supported": "the model does not answer with the passage",
    "one is enough": "one of the two passages is enough",
    "answerable": "the model finds an answer in a passage",
    "failed": "a call to the model failed",
}


def checked(text: str, about: str, answer: str = "") -> str:
    """Return a question that can be understood alone: the first line, without a label or quotes.

    Args:
        text: The model's text.
        about: The text that the model saw.
        answer: The expected answer.

    Raises:
        Refused: It is no question, or cannot be used.
    """
    line = next((line for line in text.split("\n") if line.strip()), "")
    question = _LABEL.sub("", clean(line)).strip(" \t\"'“”*_`")
    reason = _fault(question, about, answer)
    if reason:
        raise Refused(reason, question or text.strip()[:80])
    return question


def _fault(question: str, about: str, answer: str) -> str | None:
    number = len(question.split())
    if not (FEWEST <= number <= MOST and question.endswith("?") and question.count("?") == 1):
        return "no question"
    if _ODD.search(question) or not question[0].isalpha():
        return "no question"
    if _ASKS_WHETHER.match(question):
        return "yes or no"
    if _LEAK.search(question):
        return "leaks"
    if answer and quotes(question, answer):
        return "quotes its answer"
    shared = set(content_words(question)) & set(content_words(about))
    named = any(word[:1].isupper() for word in question.split()[1:])
    if not shared or (_POINTS.search(question) and not named):
        return "not alone"
    return None


def quotes(question: str, answer: str) -> bool:
    """Return whether a question contains its answer, or all content words of it."""
    content = set(content_words(answer))
    return bool(contains(question, [answer])) or (bool(content) and content <= set(words(question)))


def _content(question: str) -> set[str]:
    return {*content_words(question), *(_ASKING & set(words(question)))}


def alike(one: str, other: str) -> bool:
    """Return whether two questions are near-duplicates, by their content words (Broder, 1997)."""
    left, right = _content(one), _content(other)
    return one == other or len(left & right) >= ALIKE * max(1, len(left | right))

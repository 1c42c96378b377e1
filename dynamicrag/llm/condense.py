"""Rewrites a follow-up question to stand alone, from the conversation before it."""

import re
from collections.abc import Sequence, Set
from typing import TYPE_CHECKING

from dynamicrag.llm.prompts.base import clean
from dynamicrag.text.languages import FUNCTION_WORDS, YES_OR_NO
from dynamicrag.text.scripts import unspaced
from dynamicrag.text.words import content_words, languages, singular, words

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

History = Sequence[tuple[str, str]]
"""Earlier messages as ``(role, text)``, oldest first."""

SHOWN = 500
"""Characters of an earlier message shown to the helper."""
LONGEST = 400
"""Characters of the longest rewriting."""
STEM = 4
"""Minimum number of letters shared by two forms of a word."""

_SYSTEM = (
    "Rewrite the last question so that it can be understood without the conversation: replace pronouns and "
    'allusions by the names they stand for. If it only says "yes" or picks one of several things, write the '
    "question that it answers or means. Change nothing else, do not answer it, and keep its language. "
    "If it stands alone already, repeat it."
)
_EXAMPLE = (
    "Conversation:\nuser: Who painted The Night Watch?\nassistant: Rembrandt\n"
    "Last question: When did he die?\nRewritten question:"
)
_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_LABEL = re.compile(r"^[\s*_>#-]*(?:[\w ]{0,20}question[*_ ]*[:：]|[QＱ][:：])[\s*_]*", re.IGNORECASE)
_QUOTES = " \t\"'`*_“”„«»「」『』"
_ASKED = re.compile(r"[?？؟;]\W*$")
_ECHO = re.compile(
    r"\b(?:rewrit\w+|rephras\w+|stand(?:s|ing)? ?alone|the conversation|last question|as an ai"
    r"|i(?: a|')m sorry|i (?:cannot|can't|do not|don't))\b",
    re.IGNORECASE,
)
_REQUEST = frozenset(
    """
    who whom whose what when where which why how is are was were do does did can could may should will
    would has have in at on by for from to tell show list give find name explain describe compare please
    wer wen wem wessen was wann wo wie welche welcher welches warum qui que quel quelle quels quelles
    quand ou comment combien pourquoi quien que cuando donde como cuanto cual chi cosa quando dove come
    quanto quale perche quem qual onde wie wat wanneer waar welke hoe kto co kiedy gdzie jak ile кто что
    когда где как сколько какои nenne zeige erklare beschreibe explique decris montre dis explica
    describe dime muestra spiega descrivi dimmi
    """.split()  # noqa: SIM905 - a list of 100 strings is no easier to read
)
"""Words that begin a question or a request, without accents."""


_ORDINAL = re.compile("第.{1,2}[个個]?|.番目|(?:첫|두|세|네) ?번째")
_UNSPACED_REQUEST = re.compile(
    "[谁誰什哪几幾怎吗嗎呢何请請]|多少|ですか|ますか|でしたか|ましたか|ください"
    "|누가|누구|무엇|어디|언제|얼마|어떤|까$|나요$|주세요"
)
_PICKS = frozenset(["one", "ones", "option", "latter", "former"])
"""Words of a turn that picks one of several things without naming it."""
_VAGUE = YES_OR_NO | frozenset(
    """
    ok okay sure please first second third last other next option explain elaborate clarify detail details
    example why come zweite dritte andere
    """.split()  # noqa: SIM905
)
"""Words of a follow-up that a rewriting replaces."""


def condense_messages(question: str, history: History, system: str = "") -> "list[BaseMessage]":
    """Return the prompt for the helper model; the conversation's system messages may name its topic."""
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

    turns = [*([("system", system)] if system else []), *history]
    said = "\n".join(f"{role}: {shortened(clean(text), SHOWN)}" for role, text in turns)
    return [
        SystemMessage(_SYSTEM),
        HumanMessage(_EXAMPLE),
        AIMessage("When did Rembrandt die?"),
        HumanMessage(f"Conversation:\n{said}\nLast question: {clean(question)}\nRewritten question:"),
    ]


def shortened(text: str, most: int) -> str:
    """Return ``text`` without its middle if it is too long: offers and options come at the end."""
    if len(text) <= most:
        return text
    half = (most - 3) // 2
    return f"{text[:half]} … {text[-half:]}"


def condensed(question: str, history: History, written: str, system: str = "") -> str | None:
    """Return the rewriting written by the helper, or ``None`` if it is not valid.

    A valid rewriting asks, in one line of plausible length, in the script and language of the conversation.
    It uses something of the history or of the system messages, and keeps the names of the question itself. At
    most half of its words are new, or two thirds if the question names nothing. A small model may answer
    instead, drift, or talk about its instructions. The question itself is returned if the helper repeats it.
    """
    line = _line(written)
    if line is None or len(line) > min(LONGEST, 3 * len(question) + 200):
        return None
    if words(line) == words(question):
        return question
    said = " ".join(text for _, text in history)
    if not _asks(line, question) or (_ECHO.search(line) and not _ECHO.search(f"{system} {said} {question}")):
        return None
    return line if _draws_on(line, question, said, system) else None


def _line(written: str) -> str | None:
    """Return the first line that is not a label, without thoughts, label and quotation marks."""
    lines = (
        _LABEL.sub("", line.lstrip(">#-• ")).strip(_QUOTES) for line in _THOUGHT.sub("", written).splitlines()
    )
    return next((line for line in lines if line and not line.endswith((":", "："))), None)


def _asks(line: str, question: str) -> bool:
    """Return whether a line asks; if the turn does not ask, a bare phrase suffices, but not a sentence."""
    if _ASKED.search(line):
        return True
    if next(iter(words(line)), "") in _REQUEST or _UNSPACED_REQUEST.search(line):
        return True
    return not _ASKED.search(question) and not line.endswith((".", "!", "。"))


def _draws_on(line: str, question: str, said: str, system: str) -> bool:
    """Return whether the words of a rewriting come from the question and the conversation.

    Its language must be that of the conversation; a system message may be in another.
    """
    known, asked, own = _terms(f"{said} {system}"), _terms(question), content_words(line)
    spoken = languages(said) | languages(question, least=1)
    written = languages(line, least=3)
    if spoken and written and written.isdisjoint(spoken):
        return False
    drawn = any(_within(word, known) for word in own)
    new = [word for word in own if not _within(word, known | asked)]
    empty = _VAGUE.union(*(FUNCTION_WORDS.get(language, ()) for language in spoken))
    named = {word for word in content_words(_ORDINAL.sub(" ", question)) if len(word) > 1} - empty
    kept = sum(_within(word, set(own)) for word in named)
    few = 2 * len(new) <= len(own) if named else 3 * len(new) <= 2 * len(own)
    return drawn and few and (3 * kept >= len(named) or not _PICKS.isdisjoint(asked))


def _terms(text: str) -> set[str]:
    """Return the words of a text; in scripts without spaces also the letters, because groups cross words."""
    found = set(words(text))
    return found | {letter for word in found if unspaced(word) for letter in word}


def _within(word: str, others: Set[str]) -> bool:
    """Return whether a word, or another form of it, is among ``others``."""
    if word in others or (unspaced(word) and others >= set(word)):
        return True
    return any(_same(word, other) for other in others)


def _same(one: str, other: str) -> bool:
    """Return whether two words are forms of one: "leave" and "leaves", "Fähre" and "Fähren"."""
    if min(len(one), len(other)) < STEM:
        return False
    shared = next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    return (shared >= STEM and 3 * shared >= 2 * max(len(one), len(other))) or singular(one) == singular(
        other
    )

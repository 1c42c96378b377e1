"""Detects turns that need no documents: small talk, and questions about the conversation, in 15 languages.

A turn is small talk only if phrases of one language cover it from the first word to the last. Any remainder
is content, and content is looked up: "Hi, when does the ferry leave?" is not a greeting. The phrases are data
(:mod:`dynamicrag.features.phrases`, :mod:`dynamicrag.features.conversation`); the words of a turn are matched
against them, language by language. No model; linear time, and microseconds for usual turns.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache

from dynamicrag.features.conversation import CONVERSATION, LANGUAGES
from dynamicrag.features.phrases import INTERNATIONAL, PHRASES

KINDS = (
    "greeting", "parting", "thanks", "praise", "sorry", "laughter", "self", "more", "reply",
    "about", "filler", "manner",
)  # fmt: skip
"""Kinds of phrases.

``self`` asks who the assistant is; ``reply`` is "yes", "no", "ok" and the like; ``more`` joins a further
piece ("and thanks"); ``filler`` and ``manner`` do not count alone.
"""
LONGEST = 200
"""Longest turn in characters that can be small talk or about the conversation."""

_BIT = {kind: 1 << number for number, kind in enumerate(KINDS)}
_ABOUT = _BIT["about"] | _BIT["manner"]
_EMPTY = _BIT["filler"] | _BIT["manner"]

_CJK = "\u3005-\u3007\u3040-\u30ff\u3400-\u9fff"
_WORD = re.compile(rf"[{_CJK}]|(?:(?![{_CJK}])[^\W_]|[\u0900-\u0963\u0970-\u097f])+")
_DROPPED = re.compile("['’ʼ`´\u00ad\u0640\u200b-\u200f\u2060\ufeff\u064b-\u0652\u0670\ufe0e\ufe0f]")
_ACCENTS = re.compile("[\u0300-\u036f]")
_RUN = re.compile(r"([^\W\d_])\1{2,}")
_LAUGHTER = re.compile(r"(?:[aа]?(?:h[aeiou]|j[aei]|х[аеио]|rs|ks)){2,}[hjх]?|lo+l|x+d+|k{3,}|ㅋ+|ㅎ+")
_FACE = re.compile(  # faces, hands, hearts; other pictures mean nothing alone
    "[\U0001f600-\U0001f64f\U0001f910-\U0001f92f\U0001f970-\U0001f97a\U0001f440-\U0001f450\U0001f493-\U0001f49f"
    "\U0001f389\U0001f38a\U0001f4aa\U0001f4af\U0001f91d\U0001f90d\U0001f90e\u2764\u2665\u263a\u2639\u270c\u270b]"
    r"|[:;][-^o']?[()DdPp*|/](?!\w)|=[)Dd](?!\w)|<3|\^_+\^"
)


@dataclass(slots=True, eq=False)
class _Node:
    """A trie node of phrases: the possible next words, and the kinds of phrases that end here."""

    after: dict[str, "list[_Node]"] = field(default_factory=dict)
    ends: int = 0


def tokens(text: str) -> tuple[str, ...]:
    """Return the words of ``text`` without case, accents and width; Chinese and Japanese by character."""
    plain = _DROPPED.sub("", unicodedata.normalize("NFKC", text).casefold()).replace("ı", "i")
    plain = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", plain)))
    return tuple(_WORD.findall(plain))


def without_faces(text: str) -> str:
    """Return ``text`` without faces, hands and hearts, drawn or typed."""
    return _FACE.sub(" ", unicodedata.normalize("NFKC", text))


@lru_cache(maxsize=256)  # called by every stage of a turn
def kinds(text: str) -> frozenset[str]:
    """Return the kinds of phrases that cover the whole turn; empty if anything is left over.

    Returns:
        Names of :data:`KINDS`. A turn of only faces and hearts is ``laughter``.
    """
    if len(text) > LONGEST:
        return frozenset()
    plain = _squeezed(without_faces(text))
    if not plain:
        return frozenset(["laughter"] if without_faces(text) != unicodedata.normalize("NFKC", text) else [])
    bits = 0
    for root in _phrases().values():
        bits |= _cover(plain, root)
    return frozenset(kind for kind in KINDS if bits & _BIT[kind])


def small_talk(text: str) -> bool:
    """Return whether a turn is only small talk, independent of documents and history."""
    found = kinds(text)
    return bool(found) and "about" not in found


def about_conversation(text: str) -> bool:
    """Return whether a turn asks about the conversation itself: to repeat, shorten, translate, recall it."""
    return "about" in kinds(text)


def reply(text: str) -> bool:
    """Return whether a turn is only "yes", "no", "ok" or the like, which may answer a question."""
    found = kinds(text)
    return "reply" in found and found <= {"reply", "filler"}


def _cover(plain: Sequence[str], root: _Node) -> int:
    """Return the kinds of the phrases that cover all of ``plain``, as bits; 0 if none do."""
    reached: list[set[int]] = [set() for _ in range(len(plain) + 1)]  # sets of kinds, by prefix covered
    reached[0].add(0)
    for start, before in enumerate(reached[:-1]):
        nodes, end = [root] if before else [], start
        while nodes and end < len(plain):
            nodes = [after for node in nodes for after in node.after.get(plain[end], ())]
            end += 1
            for node in nodes:
                if node.ends:
                    reached[end].update(bits | node.ends for bits in before)
    whole = reached[-1]
    talk = [bits for bits in whole if not bits & _ABOUT and bits & ~_EMPTY]
    about = [bits for bits in whole if bits & _BIT["about"]]
    return min(talk, default=0) or min(about, default=0)


@cache
def _phrases() -> Mapping[str, _Node]:
    """Read the phrases of every language, on first use; templates share only the first node."""
    roots = {language: _Node() for language in PHRASES}
    for language, root in roots.items():
        for table in (INTERNATIONAL, PHRASES[language], CONVERSATION[language]):
            for kind, text in table.items():
                for template in text.split(","):
                    _add(root, template, _BIT[kind], LANGUAGES[language].split("|"))
    return roots


def _add(root: _Node, template: str, kind: int, languages: Sequence[str]) -> None:
    """Add the phrases of a template such as ``say it in {lang} (please|)``."""
    ends = [root]
    for part in re.split(r"[()]", template):
        named = [
            option.replace("{lang}", name)
            for option in part.split("|")
            for name in (languages if "{lang}" in option else [""])
        ]
        joined, options = _Node(), [_squeezed(option) for option in named]
        for option in filter(None, options):
            nodes = ends
            for position, token in enumerate(option, 1):
                after = joined if position == len(option) else _Node()
                for node in nodes:
                    node.after.setdefault(token, []).append(after)
                nodes = [after]
        ends = [*(ends if () in options else []), *([joined] if any(options) else [])]
    for node in ends:
        if node is not root:
            node.ends |= kind


def _squeezed(text: str) -> tuple[str, ...]:
    """Return the words of a text with "sooo" as "so", and laughter of any length as "haha"."""
    return tuple("haha" if _LAUGHTER.fullmatch(token) else _RUN.sub(r"\1", token) for token in tokens(text))

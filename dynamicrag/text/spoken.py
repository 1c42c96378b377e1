"""The languages of answers: their names, and detection of a question's language.

A language is named only if the text distinguishes it from its neighbours: an answer in the wrong language is
worse than a prompt that says "the language of the question".
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches

from dynamicrag.text.languages import FUNCTION_WORDS
from dynamicrag.text.words import languages, words

__all__ = ["NAMES", "asked_in", "code_of", "language_name"]

NAMES: Mapping[str, str] = dict(
    pair.split("=")
    for pair in """
    ar=Arabic bg=Bulgarian bn=Bengali ca=Catalan cs=Czech da=Danish de=German el=Greek en=English es=Spanish
    et=Estonian eu=Basque fa=Persian fi=Finnish fr=French ga=Irish gl=Galician he=Hebrew hi=Hindi hr=Croatian
    hu=Hungarian hy=Armenian id=Indonesian is=Icelandic it=Italian ja=Japanese ka=Georgian km=Khmer ko=Korean
    lo=Lao lt=Lithuanian lv=Latvian ms=Malay my=Burmese nl=Dutch no=Norwegian pl=Polish pt=Portuguese
    ro=Romanian ru=Russian sk=Slovak sl=Slovenian sq=Albanian sr=Serbian sv=Swedish sw=Swahili ta=Tamil
    th=Thai tr=Turkish uk=Ukrainian ur=Urdu vi=Vietnamese zh=Chinese
    """.split()  # noqa: SIM905 - a list of 60 strings is no easier to read
)
"""English names of languages by their codes (ISO 639-1)."""

_CODES = {name.lower(): code for code, name in NAMES.items()}
_NAME = re.compile(r"[^\W\d_][\w '()-]{2,39}")
_CODE = re.compile(r"([a-z]{2})(?:[-_]([a-z]{2,4}))?", re.IGNORECASE)
"""A language code, optionally with a region, for example ``pt-BR``."""

_LETTERS = {
    "de": "äöüß",
    "fr": "àâæçéèêëîïôœùûüÿ",
    "es": "áéíóúüñ",
    "it": "àèéìíòóùú",
    "pt": "áâãàçéêíóôõúü",
    "nl": "éèëïóöü",
    "pl": "ąćęłńóśźż",
}
"""Letters that each language of the Latin script has besides a to z."""

_TELLING = {
    "ru": re.compile(r"^(?=.*[ыэё])(?!.*[іїєґўј])", re.DOTALL),
    "uk": re.compile(r"^(?=.*[їєґі])(?!.*[ыэёъў])", re.DOTALL),
    "ar": re.compile(r"^(?=.*[ةىيكأإ])(?!.*[پچژگکیہےٹڈ])", re.DOTALL),
}
"""Languages that share a script, by letters that their neighbours lack."""
_SHARED = {"ru": ("ru", "uk"), "ar": ("ar",), "bn": ()}

_SCANDINAVIAN = {
    "sv": frozenset("att och inte jag hur vad vem ar vilken vilket mellan mycket fran sig".split()),  # noqa: SIM905
    "no": frozenset("hva deg meg opp mellom mye etter noe".split()),  # noqa: SIM905
    "da": frozenset("hvad hvornar af op efter noget nogen blev meget".split()),  # noqa: SIM905
}


def language_name(given: str) -> str:
    """Return the English name of a language from its code or its name.

    A name that is not in :data:`NAMES` is accepted unchanged, because the list is incomplete. A region is
    kept: ``pt-BR`` is Portuguese (BR).

    Raises:
        ValueError: It is an unknown code, not a name, or a misspelt known name.
    """
    text = given.strip()
    code = _CODE.fullmatch(text)
    if code and code[1].lower() in NAMES:
        name = NAMES[code[1].lower()]
        return f"{name} ({code[2].upper()})" if code[2] else name
    if text.lower() in _CODES:
        return NAMES[_CODES[text.lower()]]
    near = get_close_matches(text.lower(), _CODES, n=1, cutoff=0.85)
    if near:
        raise ValueError(
            f"language: unknown language {text[:40]!r}; did you mean {NAMES[_CODES[near[0]]]!r}?"
        )
    if code or not _NAME.fullmatch(text):
        raise ValueError(
            f"language: unknown language {text[:40]!r}; valid: auto, the English name of a language, such as "
            f"'Swiss German', or one of the codes {', '.join(NAMES)}"
        )
    return text


def code_of(name: str) -> str:
    """Return the code of a language from its English name, with or without a region.

    ``""`` if it has none.
    """
    return _CODES.get(name.lower().partition(" (")[0], "")


def asked_in(question: str) -> str:
    """Return the language code of a question, or ``""`` if the text does not tell.

    A question that has only names, in plain letters, counts as English.
    """
    found = languages(question, least=1)
    language = next(iter(found)) if len(found) == 1 else ""
    if language == "scandinavian":
        return _scandinavian(question)
    if language in _SHARED:
        return next((code for code in _SHARED[language] if _TELLING[code].match(question.lower())), "")
    if language == "hi":  # Marathi and Nepali are written in its script
        return "hi" if len(FUNCTION_WORDS["hi"] & set(words(question))) > 1 else ""
    if language in _LETTERS:
        others = {letter for letter in question.lower() if letter.isalpha() and not letter.isascii()}
        sure = languages(question, least=2) and others <= set(_LETTERS[language])
        return language if sure else ""
    if not found or (language == "en" and not languages(question, least=2)):
        return "en" if question.isascii() else ""  # one word of English may be one of Czech
    return language


def _scandinavian(question: str) -> str:
    own = set(words(question))
    count = {code: len(own & telling) for code, telling in _SCANDINAVIAN.items()}
    best = [code for code, number in count.items() if number == max(count.values()) > 0]
    return best[0] if len(best) == 1 else ""

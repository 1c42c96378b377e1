"""What the words of a question alone say of it; microseconds, no model."""

import re

from dynamicrag.text import content_words, words

_GREETING = re.compile(
    r"^\W*(hi|hey|hello|hiya|howdy|greetings|welcome|thanks?|thank you|cheers|bye|goodbye|see you|farewell|"
    r"ok|okay|cool|great|perfect|nice|good (morning|afternoon|evening|day|night|bye)|"
    r"have a (nice|good|great) \w+|how are you|nice to meet you|who are you|what can you do)\b",
    re.IGNORECASE,
)
_ARITHMETIC = re.compile(
    r"\d\s*([-+*/×÷^]|plus|minus|times|divided by|multiplied by|squared|to the power of)\s*\d?|square root",
    re.I,
)
_COMPARISON = re.compile(
    r"\b(both|same|older|younger|oldest|earlier|later|first|longer|shorter|taller|higher|larger|bigger|smaller|"
    r"more|less|fewer|or|between|compared?|difference)\b",
    re.IGNORECASE,
)
_BRIDGE = re.compile(
    r"\b(whose|that|which|who|where)\b|'s\b|’s\b|\bof (the|a)\b|\b(named|called) (after|by)\b", re.IGNORECASE
)
_FOLLOW_UP = re.compile(
    r"\b(it|its|they|them|their|he|him|his|she|her|that one|this one|there|those|these)\b", re.I
)
_KINDS = ("who", "what", "when", "where", "which", "how", "why")


def lexical(question: str) -> dict[str, float]:
    """Return the lexical features of a question.

    Returns:
        ``words``, ``content_words``, ``names`` (capitalised words after the first), ``numbers``,
        ``greeting``, ``arithmetic``, ``comparison``, ``bridges`` (relative clauses, possessives and
        "of the" after the first word: signs of a question in several hops), ``follow_up`` (pronouns),
        ``question`` and one ``asks_*`` flag per question word.
    """
    tokens = words(question)
    rest = question.split(maxsplit=1)[1] if len(tokens) > 1 else ""
    greeting = bool(_GREETING.match(question)) and len(tokens) <= 10
    features = {
        "words": float(len(tokens)),
        "content_words": float(len(content_words(question))),
        "names": float(len(re.findall(r"\b[A-Z]\w+", rest))),
        "numbers": float(sum(token[0].isdigit() for token in tokens)),
        "greeting": float((greeting and "?" not in question) or (greeting and len(tokens) <= 4)),
        "arithmetic": float(bool(_ARITHMETIC.search(question))),
        "comparison": float(bool(_COMPARISON.search(rest))),
        "bridges": float(len(_BRIDGE.findall(rest))),
        "follow_up": float(bool(_FOLLOW_UP.search(question))),
        "question": float("?" in question or (bool(tokens) and tokens[0] in _KINDS)),
    }
    features |= {f"asks_{kind}": float(kind in tokens) for kind in _KINDS}
    return features

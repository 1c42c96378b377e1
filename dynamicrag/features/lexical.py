"""What the words of a question alone say of it; microseconds, no model."""

import re
from functools import lru_cache

from dynamicrag.text import content_words, words

_SMALL_TALK = re.compile(
    r"\b(hi|hey|hello|hiya|howdy|greetings|welcome|thanks?|thank you|cheers|bye|goodbye|see you|farewell|"
    r"good (morning|afternoon|evening|day|night|bye)|"
    r"have a (nice|good|great|lovely) \w+|how are you|how is it going|nice to meet you|who are you|"
    r"what can you do)\b",
    re.IGNORECASE,
)
_PRAISE = re.compile(r"\b(ok|okay|cool|great|perfect|nice)\b", re.IGNORECASE)  # or, in a question, a topic
_FILLER = re.compile(
    r"\b(there|again|today|so|very|much|doing|then|later|soon|all|everyone|my|dear|friend|for|your|the|a|lot|that|this|it|you|was|is|really|help|helped|helpful)\b",
    re.I,
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
    return dict(_lexical(question))


@lru_cache(maxsize=256)  # every stage of a turn asks
def _lexical(question: str) -> dict[str, float]:
    tokens = words(question)
    rest = question.split(maxsplit=1)[1] if len(tokens) > 1 else ""
    rid, spoken = _SMALL_TALK.subn(" ", question)
    if "?" not in question:
        rid, praise = _PRAISE.subn(" ", rid)
        spoken += praise
    features = {
        "words": float(len(tokens)),
        "content_words": float(len(content_words(question))),
        "names": float(len(re.findall(r"\b[A-Z]\w+", rest))),
        "numbers": float(sum(token[0].isdigit() for token in tokens)),
        "greeting": float(spoken > 0 and len(words(_FILLER.sub(" ", rid))) <= 1),
        "arithmetic": float(bool(_ARITHMETIC.search(question))),
        "comparison": float(bool(_COMPARISON.search(rest))),
        "bridges": float(len(_BRIDGE.findall(rest))),
        "follow_up": float(bool(_FOLLOW_UP.search(question))),
        "question": float("?" in question or (bool(tokens) and tokens[0] in _KINDS)),
    }
    features |= {f"asks_{kind}": float(kind in tokens) for kind in _KINDS}
    return features

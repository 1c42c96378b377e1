"""The opening of a request: its first words indicate the kind of answer."""

import re
from collections.abc import Sequence

_POLITE = re.compile(
    r"^(?:\W|(?:hi|hello|hey|please|kindly|now|so|also|can you|could you|would you|will you|help me(?: to)?"
    r"|i (?:want|need|would like|'d like) (?:you )?to|i'd like (?:you )?to)\b)+"
)
_FORMS = {
    "persona": r"imagine|pretend|you(?: are|'re|'ve)|act as|as an?|picture|assume the role|suppose you",
    "how_to": r"how (?:to|do|does|can|could|should|would|might|did)",
    "how_much": r"how \w+",
    "what_are": r"what (?:are|were|kinds?|types?|would|should|can|do|does)",
    "what": r"what",
    "why": r"why",
    "which": r"which|who|whom|whose|when|where|in (?:which|what)|of (?:which|what)",
    "yes_no": r"is|are|was|were|do|does|did|can|could|should|will|would|has|have|am",
    "list": r"list|name|give|show|suggest|recommend|provide|tell me|share|find|propose|brainstorm",
    "explain": r"explain|describe|discuss|compare|contrast|analy[sz]e|outline|elaborate|define|evaluate"
    r"|assess|examine|explore|investigate",
    "write": r"write|compose|draft|tell|narrate|craft",
    "make": r"create|generate|design|develop|make|build|produce|come up with|plan|prepare|devise|construct",
    "change": r"translate|summari[sz]e|rewrite|rephrase|paraphrase|extract|classify|convert|edit|correct|fix"
    r"|identify|replace|repeat|complete|fill|sort|arrange|edit|add|remove|change|answer|choose|select|read",
    "solve": r"solve|calculate|compute|prove|simplify|determine|implement|given|if|let|suppose|consider"
    r"|estimate|differentiate|factor|assuming|for (?:the|a|each)",
    "tale": r"i|i'm|i've|my|we|our|there|this|it",
}  # fmt: skip
_FORM = re.compile("|".join(f"(?P<{name}>(?:{words})\\b)" for name, words in _FORMS.items()))
BEGINNING = 120
NAMES: Sequence[str] = tuple(f"opens_{name}" for name in _FORMS)


def opening(text: str) -> list[float]:
    """Return the form of a request's opening, one flag per name of :data:`NAMES`; at most one is 1."""
    form = _FORM.match(_POLITE.sub("", text[:BEGINNING].lower()))
    found = None if form is None else form.lastgroup
    return [float(name == found) for name in _FORMS]

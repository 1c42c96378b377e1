"""The parameters that a server may refuse: their forms, and the changes after a refusal.

Servers behind OpenAI's protocol refuse parameters in their own words, with 400, 403 or 422. A named parameter
is dropped. If none is named, they are dropped one after another, the least useful first, so a call is
repeated only a few times; a provider does not charge for a request that it refuses. Parameters dropped
without success are sent again next time.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from dynamicrag.llm.status import status_of

__all__ = ["Parameters"]

STATUSES = (400, 403, 422)
NAMED = {  # in the order of dropping if none is named
    "logprobs": r"(?:top[ _-]?)?log[ _-]?prob\w*|log-?probabilit\w+",
    "stop": r"\bstop(?:s|ping)?(?:[ _-]?(?:sequence|word|token|string|text)s?)?\b",
    "stream_options": r"stream[ _-]?options?|include[ _-]?usage|stream[ _-]?usage",
    "limit": r"max(?:imum)?[ _-](?:(?:completion|output|new)[ _-])?tokens",
    "temperature": r"temperature",
    "stream": r"\bstream(?:ing|ed|s)?\b(?![ _-]?(?:option|usage))",
}
"""Optional parameters, and their spellings in messages. ``limit`` is ``max_tokens`` under its two names."""

_ELSE = re.compile(
    # dropping parameters does not help with these: too long, filtered, no key, not paid, not found
    r"context.{0,5}(size|length|window|limit)|maximum (context|input|prompt)"
    r"|prompt.{0,20}too (long|large|many)"
    r"|(input|prompt|message|request).{0,30}(exceed|longer than|too (long|large|many))"
    r"|reduce the length|too many (input |prompt )?tokens|context_length"
    r"|content.{0,3}(management|policy|filter)|safety (system|setting|filter)|moderation|flagged|usage polic"
    r"|violat.{0,40}(polic|term|guideline|rule)"
    r"|responsible.?ai|harmful|jailbreak"
    r"|(invalid|incorrect|wrong|expired|missing|revoked|bad|malformed|\bno\b).{0,12}"
    r"(api.?key|credential|token provided)"
    r"|api.?key.{0,20}(invalid|incorrect|expired|missing|revoked|not found|not valid)"
    r"|unauthori[sz]ed|authenticat|billing|quota|payment|credit balance"
    r"|insufficient.{0,10}(credit|balance|fund)|account.{0,20}(suspend|deactivat)"
    r"|model.{0,60}(not.{0,4}(exist|found)|unknown|no access)|(unknown|no such|invalid) model|country|region"
    r"|\broles?\b.{0,60}(support|alternat|must|invalid)|\bimages?\b|field required|\bmissing\b"
)
_NOUN = re.compile(r"param|argument|field|option|propert|keyword|\bextra|additional")
_VAGUE = re.compile(
    r"unsupported|not.{0,3}support|unrecogni|unknown|not.{0,3}(permitted|allowed|accepted|implemented|available)"
)
_OTHER = re.compile(r"key|polic|content|permission|denied|access|safety|context|too (long|large)|exceed")
_PLACES = re.compile(r"messages|model|prompt|input")


State = tuple[tuple[str, ...], tuple[str, ...]]
"""The parameters that are sent, and how the limit can be sent."""


class Parameters:
    """The parameters sent to one model.

    Args:
        names: Names of :data:`NAMED` to send.
        limits: Forms of the limit, first choice first; ``""`` sends none.
    """

    def __init__(self, names: Iterable[str], limits: Iterable[str] = ("",)) -> None:
        self._sent = [name for name in NAMED if name in set(names)]
        self._limits = list(limits)

    def sends(self, name: str) -> bool:
        """Return whether a parameter is sent."""
        return name in self._sent

    @property
    def limit(self) -> str:
        """The form in which the limit is sent."""
        return self._limits[0]

    @property
    def state(self) -> State:
        """The state changed by refusals, for :meth:`restore`."""
        return tuple(self._sent), tuple(self._limits)

    def restore(self, state: State) -> None:
        """Go back to an earlier state, because dropping parameters has not helped."""
        self._sent, self._limits = list(state[0]), list(state[1])

    def leave_out(self, name: str) -> None:
        """Stop sending a parameter."""
        if name in self._sent:
            self._sent.remove(name)

    def drop(
        self, error: Exception, used: State, *, stops: bool = True, only: Collection[str] | None = None
    ) -> bool:
        """Learn from a failed call, and drop a parameter.

        Args:
            error: The client's exception.
            used: :attr:`state` at the time of the call; concurrent calls learn from each other.
            stops: Whether the call had stops.
            only: The parameters that may be dropped, each only if the error names it; by default any one.

        Returns:
            Whether the call is worth repeating with the parameters sent now.
        """
        droppable = [name for name in _droppable(used) if stops or name != "stop"]
        if only is None:
            name = _refused(error, droppable)
        else:
            name = _refused(error, [name for name in droppable if name in only], guess=False)
        if name == "limit":
            self._limits = self._limits[-len(used[1]) + 1 :]
        elif name is not None:
            self.leave_out(name)
        return name is not None


def _droppable(state: State) -> list[str]:
    sent, limits = state
    return [name for name in NAMED if name in sent or (name == "limit" and len(limits) > 1)]


def _refused(error: Exception, droppable: list[str], *, guess: bool = True) -> str | None:
    """Return the parameter to drop before a retry, if any; with ``guess`` also if none is named."""
    status = status_of(error)
    if status not in STATUSES:
        return None
    named = _parameter_named(error)
    name = next((name for name in droppable if re.search(NAMED[name], named)), None)
    if name is not None or _PLACES.match(named):
        return name
    said = _said(error)
    if _ELSE.search(said):
        return None
    found = {name: at.start() for name in droppable if (at := re.search(NAMED[name], said))}
    if found:
        return min(found, key=lambda name: found[name])
    # a key may lack the right to a model or to a parameter
    vague = _NOUN.search(said) or (status != 403 and (_VAGUE.search(said) or not _OTHER.search(said)))
    return next(iter(droppable), None) if guess and vague else None


def _parameter_named(error: Exception) -> str:
    """Return the ``param`` of an error in OpenAI's protocol."""
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, dict) else None
    param = inner.get("param") if isinstance(inner, dict) else None
    return param.lower() if isinstance(param, str) else ""


def _said(error: Exception) -> str:
    """Return the words of an error: the values of its JSON body, or else its message."""
    body = getattr(error, "body", None)
    words = list(_words(body)) if isinstance(body, dict | list) else [str(body or error)]
    return " ".join(words).lower()


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in ("input", "ctx", "url"):  # pydantic's keys, which repeat the request
                yield from _words(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _words(inner)

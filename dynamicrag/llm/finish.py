"""Checks whether a completion is an answer: not empty, not cut, and properly finished.

Providers have their own words for the reason why an answer ended. Three kinds count as no answer: the limit
was reached, a filter or the model's own refusal intervened, or something broke. All others mean a proper end.
"""

import re

from dynamicrag.errors import ProviderError, UnfinishedAnswer
from dynamicrag.llm.completion import Completion
from dynamicrag.llm.texts import blank

__all__ = ["check", "cut"]

_CUT = re.compile(r"length|max.?(output.?)?tokens|token.?limit|window.?exceeded|truncat|incomplete")
_WITHHELD = re.compile(
    r"filter|safety|refus|recitation|prohibited|blocklist|blocked|spii|guardrail|moderat|policy|sensitive"
)
_BROKEN = re.compile(r"error|fail|abort|cancel|malformed|interrupt|overload|timeout|tool|function")


def cut(finish_reason: str | None) -> bool:
    """Return whether an answer ended because it reached its limit."""
    return bool(_CUT.search((finish_reason or "").lower()))


def check(completion: Completion, name: str, spec: str, *, whole: bool) -> None:
    """Refuse a completion that is not an answer.

    With ``whole``, an answer cut by its limit or without a finish reason is refused too.

    Raises:
        UnfinishedAnswer: It is cut; the part may be better than nothing.
        ProviderError: It is empty, withheld or broken.
    """
    where, reason = f"model {name} ({spec})", (completion.finish_reason or "").lower()
    limit = "; give its prompt a larger 'max_tokens', or take a model that thinks less"
    if _WITHHELD.search(reason):
        raise ProviderError(
            f"{where}: the provider or the model withheld the answer (finish_reason "
            f"{completion.finish_reason!r}); rephrase the question, or use another model"
        )
    if blank(completion.text) == len(completion.text):
        if cut(reason):
            raise ProviderError(f"{where}: it used its limit up without an answer{limit}")
        raise ProviderError(
            f"{where}: the answer is empty: thoughts, a call of a tool or a refusal at most; ask again, or "
            "take another model"
        )
    if _BROKEN.search(reason):
        raise ProviderError(
            f"{where}: the answer broke off (finish_reason {completion.finish_reason!r}); ask again"
        )
    if not whole or (completion.ended and not cut(reason)):
        return
    if cut(reason):
        unfinished = UnfinishedAnswer(f"{where}: its limit cut the answer{limit}", "length")
    else:
        said = "the stream ended without a finish_reason, so the answer may be half of one; ask again"
        unfinished = UnfinishedAnswer(f"{where}: {said}", "unknown")
    unfinished.completion = completion
    raise unfinished

"""Every error that this package raises on purpose.

::

    DynamicRAGError
    ├── PolicyError            the policy file, or a name in it, is wrong
    ├── InputError             a question or an input file cannot be used
    ├── CorpusError            a corpus cannot be read, ingested or opened
    ├── ModelError             a model cannot be used
    │   ├── ModelUnavailable   not in the catalogue, not downloadable, wrong hash, no key
    │   └── ProviderError      a call to a model failed
    │       └── UnfinishedAnswer   its answer is cut, or may be
    ├── VerifierError          a verifier reached no verdict
    ├── ObjectError            a user-defined stage or router failed, or broke its contract
    ├── RunsError              the record of past queries cannot be read or written
    └── BudgetError            a budget cannot be enforced
        └── BudgetExceeded     no affordable option is left
            └── TotalExceeded  not for any query: the shared total is used up

A message says where, what is wrong, what is valid and how to mend it. The command line prints
only the message; a traceback means a mistake of ours, not of the user.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

__all__ = [
    "BudgetError",
    "BudgetExceeded",
    "CorpusError",
    "DynamicRAGError",
    "InputError",
    "ModelError",
    "ModelUnavailable",
    "ObjectError",
    "PolicyError",
    "ProviderError",
    "RunsError",
    "TotalExceeded",
    "UnfinishedAnswer",
    "VerifierError",
    "unknown",
]

LONGEST, MOST_NAMES = 80, 60
"""Largest number of characters of a wrong name, and of valid names, in a message."""


class DynamicRAGError(Exception):
    """Base of all errors of this package."""


class PolicyError(DynamicRAGError):
    """The policy, or a name in it, is wrong."""


class InputError(DynamicRAGError, ValueError):
    """A question or an input file cannot be used.

    Also a ``ValueError``, because LangGraph Server sends only the text of built-in errors to its clients.
    """


class CorpusError(DynamicRAGError):
    """A corpus cannot be read, ingested or opened."""


class ModelError(DynamicRAGError):
    """A model cannot be used.

    Attributes:
        refused: Whether the provider did no work for the call: it could not be reached, or answered with an
            error. The usage of a call that broke off later is unknown.
        retry_after: Seconds after which a retry may help, 0 if the provider names none; ``None`` if a retry
            does not help.
    """

    refused = False
    retry_after: float | None = None


class ModelUnavailable(ModelError):
    """The model is not in the catalogue, cannot be downloaded, has the wrong hash or lacks a key."""

    refused = True


class ProviderError(ModelError):
    """A call to a model failed."""


class UnfinishedAnswer(ProviderError):
    """An answer is cut, or may be. A caller without another model can still use the part.

    Args:
        message: The place, the problem and the remedy.
        why: ``length`` if a limit cut it, ``unknown`` if its completeness is unknown.

    Attributes:
        completion: The part of the answer.
        instead: The stage's result from it, used if no other model finishes.
    """

    def __init__(self, message: str, why: str) -> None:
        super().__init__(message)
        self.why = why
        self.completion: Any = None
        self.instead: Any = None


class VerifierError(DynamicRAGError):
    """A verifier reached no verdict: its model broke the reply format, or there is no model."""


class ObjectError(DynamicRAGError):
    """A user-defined stage or router failed, or broke its contract."""


class RunsError(DynamicRAGError):
    """The record of past queries cannot be read or written."""


class BudgetError(DynamicRAGError):
    """A budget cannot be enforced."""


class BudgetExceeded(BudgetError, ValueError):
    """No affordable option is left within the budget.

    Also a ``ValueError``, for the reason of :class:`InputError`.

    Attributes:
        short: The amounts that the refused call lacks of its query's limits, by dimension; for a call that
            took too long, twice its time. Empty if the error is not about a call, or they are unknown.
    """

    short: Mapping[str, float] = {}


class TotalExceeded(BudgetExceeded):
    """A call exceeds the rest of the total that all queries share."""


def unknown(where: str, what: str, name: object, valid: Iterable[str]) -> str:
    """Return the message for an unknown name, the most common mistake.

    Args:
        where: Place in the user's input, for example ``stages.generator.router``.
        what: Kind of the named thing, for example ``router``.
        name: The name that the user wrote.
        valid: The valid names.

    Returns:
        A message with the nearest spelling if there is one, otherwise with the valid names.
    """
    names, given = sorted(map(str, valid)), str(name)[:LONGEST]
    if not names:
        return f"{where}: unknown {what} {given!r}; there is no {what} to choose from here"
    near = get_close_matches(given, names, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]!r}? " if near else ""
    more = f", … ({len(names)} in all)" if len(names) > MOST_NAMES else ""
    return f"{where}: unknown {what} {given!r}; {hint}valid: {', '.join(names[:MOST_NAMES])}{more}"

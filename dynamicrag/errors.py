"""Every error this package raises on purpose.

::

    DynamicRAGError
    ├── PolicyError            the policy file, or a name in it, is wrong
    ├── InputError             a question or an input file cannot be used
    ├── CorpusError            a corpus cannot be read, ingested or opened
    ├── ModelError             a model cannot be had
    │   ├── ModelUnavailable   not in the catalogue, not downloadable, wrong hash, no key
    │   └── ProviderError      a call to a model failed
    │       └── UnfinishedAnswer   its answer is cut, or may be
    ├── VerifierError          a verifier could not tell
    ├── ObjectError            a stage or router of the caller's own failed, or returned what is none
    ├── RunsError              the record of past queries cannot be read or written
    └── BudgetError            a budget cannot be kept
        └── BudgetExceeded     nothing affordable is left
            └── TotalExceeded  for no query: the total that all share is used up

A message says where, what is wrong, what is valid and how to mend it. The command line prints
the message alone; a traceback is for our mistakes, not for the user's.
"""

from collections.abc import Iterable
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
"""How much of a wrong name, and how many of the valid ones, a message repeats."""


class DynamicRAGError(Exception):
    """Base of all errors of this package."""


class PolicyError(DynamicRAGError):
    """The policy, or a name in it, is wrong."""


class InputError(DynamicRAGError, ValueError):
    """A question or an input file cannot be used.

    A ``ValueError`` too, for LangGraph Server tells its clients the text of built-in errors alone.
    """


class CorpusError(DynamicRAGError):
    """A corpus cannot be read, ingested or opened."""


class ModelError(DynamicRAGError):
    """A model cannot be had.

    Attributes:
        refused: Whether the provider did no work for it: it could not be reached, or answered with an
            error. What a call used that broke off later, nobody says.
        retry_after: Seconds after which asking again may help, 0 if the provider names none; ``None`` where
            asking again does not help.
    """

    refused = False
    retry_after: float | None = None


class ModelUnavailable(ModelError):
    """The model is not in the catalogue, cannot be downloaded, has the wrong hash or lacks a key."""

    refused = True


class ProviderError(ModelError):
    """A call to a model failed."""


class UnfinishedAnswer(ProviderError):
    """An answer is cut, or may be. A caller without another model can make do with it.

    Args:
        message: Where, what and how to mend it.
        why: ``length`` if a limit cut it, ``unknown`` if nothing says that it is whole.

    Attributes:
        completion: What there is of the answer.
        instead: What a stage makes of it, where no other model finishes.
    """

    def __init__(self, message: str, why: str) -> None:
        super().__init__(message)
        self.why = why
        self.completion: Any = None
        self.instead: Any = None


class VerifierError(DynamicRAGError):
    """A verifier could not tell: the model that it asked did not keep to its format, or there is none."""


class ObjectError(DynamicRAGError):
    """A stage or router of the caller's own failed, or returned something that is not of its contract."""


class RunsError(DynamicRAGError):
    """The record of past queries cannot be read or written."""


class BudgetError(DynamicRAGError):
    """A budget cannot be kept."""


class BudgetExceeded(BudgetError):
    """Nothing affordable is left within the budget."""


class TotalExceeded(BudgetExceeded):
    """A call does not fit what is left of the total that all queries share."""


def unknown(where: str, what: str, name: object, valid: Iterable[str]) -> str:
    """Word the commonest mistake: a name that does not exist.

    Args:
        where: Place in the user's input, such as ``stages.generator.router``.
        what: Kind of thing that was named, such as ``router``.
        name: What the user wrote.
        valid: What exists.

    Returns:
        A message with the nearest spelling if there is one, and else the valid names.
    """
    names, given = sorted(map(str, valid)), str(name)[:LONGEST]
    if not names:
        return f"{where}: unknown {what} {given!r}; there is no {what} to choose from here"
    near = get_close_matches(given, names, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]!r}? " if near else ""
    more = f", … ({len(names)} in all)" if len(names) > MOST_NAMES else ""
    return f"{where}: unknown {what} {given!r}; {hint}valid: {', '.join(names[:MOST_NAMES])}{more}"

"""Loads several policies of one object, and shares their common resources."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from dynamicrag.errors import ModelUnavailable, PolicyError
from dynamicrag.plain_values import shown
from dynamicrag.policy.file import load_policy
from dynamicrag.policy.policy import HostSection, Policy

__all__ = ["Shared", "beside", "load_all", "named"]

T = TypeVar("T")

STORE = ("keep", "address")
"""Settings of the run store: all policies of an object have one."""


def load_all(
    policy: str | Path | Mapping[str, Any],
    further: Mapping[str, str | Path | Mapping[str, Any]],
    corpus: str | Path | Sequence[str | Path] | None = None,
    *,
    models: Collection[str] = (),
    retrievers: Collection[str] = (),
) -> tuple[Policy, dict[str, Policy]]:
    """Read and validate a policy and further ones, by the names used in calls.

    Raises:
        PolicyError: As :func:`load_policy`, with the name of a further policy; or a name is invalid or taken.
    """
    first = load_policy(policy, corpus, models=models, retrievers=retrievers)
    if not isinstance(further, Mapping) or not all(isinstance(name, str) and name for name in further):
        raise PolicyError(f"policies: expected policies by name, {{'cheap': 'frugal'}}, got {shown(further)}")
    if first.name in further:
        raise PolicyError(
            f"policies[{first.name!r}]: the first policy has this name already; choose another one"
        )
    read = {}
    for name, each in further.items():
        with named(name):
            read[name] = load_policy(each, corpus, models=models, retrievers=retrievers)
    return first, read


class Shared:
    """Shares identically described objects, so that weights are loaded once and failures are known to all."""

    def __init__(self) -> None:
        self._made: list[tuple[object, Any]] = []

    def get(self, description: object) -> Any | None:
        """Return the object with an equal description, if any."""
        return next((made for known, made in self._made if known == description), None)

    def one(self, description: object, made: T) -> T:
        """Return the object with an equal description; if there is none, store ``made`` and return it."""
        known: T | None = self.get(description)
        if known is None:
            self._made.append((description, made))
            return made
        return known


def beside(policy: Policy, first: Policy) -> Policy:
    """Return a further policy of an object, with the object's settings from the first policy.

    These are the host, the store of queries and their number, and the total of the budget.

    Raises:
        PolicyError: It has its own total, or other settings of the host or the store.
    """
    budget, firsts = policy.objective.budget, first.objective.budget
    for key in ("total", "account"):
        if getattr(budget, key):
            raise PolicyError(
                f"{policy.where('objective', 'budget', key)}: all policies of one object spend from one "
                f"total, that of its first policy, {first.name!r}; remove this, or set it there"
            )
    if policy.host not in (HostSection(), first.host):
        raise PolicyError(_differs(policy, first, "host"))
    for key in STORE:
        if key in policy.runs.model_fields_set and getattr(policy.runs, key) != getattr(first.runs, key):
            raise PolicyError(_differs(policy, first, "runs", key))
    budget = budget.model_copy(update={"total": firsts.total, "account": firsts.account})
    return policy.model_copy(
        update={
            "host": first.host,
            "runs": policy.runs.model_copy(update={key: getattr(first.runs, key) for key in STORE}),
            "objective": policy.objective.model_copy(update={"budget": budget}),
        }
    )


@contextmanager
def named(name: str) -> Iterator[None]:
    """Add the name of the further policy to errors within."""
    try:
        yield
    except (PolicyError, ModelUnavailable) as error:
        raise type(error)(f"policies[{name!r}]: {error}") from error


def _differs(policy: Policy, first: Policy, *place: str) -> str:
    return (
        f"{policy.where(*place)}: differs from that of the first policy, {first.name!r}, which holds for all "
        "policies of one object; remove this, or set it there"
    )

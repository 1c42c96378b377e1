"""Conditions of the router ``rules``: their form in YAML, and whether they hold for a decision.

A condition is a conjunction of constraints, each on one fact of a decision::

    {words: {above: 30}, language: de, metadata: {plan: [gold, silver]}, hour: {at_least: 8, below: 18}}
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from dynamicrag.errors import PolicyError, unknown
from dynamicrag.features.base import FEATURES
from dynamicrag.features.last_turn import NAMES as LAST_TURN
from dynamicrag.features.lexical import lexical
from dynamicrag.features.retrieval import retrieval
from dynamicrag.plain_values import shown
from dynamicrag.records import Passage
from dynamicrag.routers.base import StageContext
from dynamicrag.routers.constraints import Constraint, Values, interval, values
from dynamicrag.text.spoken import asked_in, code_of, language_name
from dynamicrag.topology import TOPOLOGY

__all__ = ["Condition", "check_condition", "condition", "covers", "fact", "features_at"]

Key = tuple[str, ...]
"""Name of a fact: ``("words",)`` or ``("metadata", "plan")``."""
Condition = Mapping[Key, Constraint]

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CORPUS = ("coverage", "idf_coverage", "unseen_terms")
"""Signals from the documents' vocabulary, known from the stage ``retrieval`` on."""
RETRIEVED = frozenset(retrieval("", ())) | {"similarity", "english"}
"""Signals of the found passages."""


def condition(given: Any, where: str) -> Condition:
    """Return the condition of a mapping.

    Raises:
        ValueError: It is no mapping, or a constraint is invalid or can never hold.
    """
    if not isinstance(given, Mapping):
        raise ValueError(f"{where}: expected a mapping of conditions, got {shown(given)}")
    found: dict[Key, Constraint] = {}
    for name, value in given.items():
        place = f"{where}.{name}"
        if name in NESTED:
            if not isinstance(value, Mapping) or not value:
                raise ValueError(f"{place}: expected a mapping of names to values, got {shown(value)}")
            found |= {(name, str(key)): NESTED[name](each, f"{place}.{key}") for key, each in value.items()}
        else:
            found[str(name),] = SINGLE.get(name, interval)(value, place)
    # a constraint that always holds would hide that two conditions are the same
    return {key: own for key, own in found.items() if own != ALWAYS.get(key[0])}


def covers(earlier: Condition, later: Condition) -> bool:
    """Return whether the earlier condition holds whenever the later one does."""
    return all(key in later and later[key].implies(own) for key, own in earlier.items())


def features_at(stage: str) -> frozenset[str]:
    """Return the names of the features that a decision of a stage may know."""
    before = list(TOPOLOGY)[: TOPOLOGY.index(stage)]
    known = {*lexical(""), *CORPUS, *LAST_TURN, "follows_none"}
    for name in before:
        for family in TOPOLOGY[name].evidence:
            known |= set(getattr(FEATURES[family], "wanted", ())) if family in FEATURES else set()
    found = any("retrieval" in TOPOLOGY[name].evidence for name in before)
    return frozenset(known | RETRIEVED if found else known - RETRIEVED)


def check_condition(own: Condition, stage: str, where: str) -> None:
    """Refuse a condition on facts that a stage never knows.

    Raises:
        PolicyError: A name is unknown, or is known only at later stages.
    """
    before = list(TOPOLOGY)[: TOPOLOGY.index(stage)]
    features = features_at(stage)
    for key in own:
        name, *rest = key
        if name == "path" and rest[0] not in before:
            raise PolicyError(unknown(f"{where}.path", "earlier stage", rest[0], before))
        late = "passages" not in features and (name == "file_type" or name in RETRIEVED)
        if late:
            raise PolicyError(
                f"{where}.{name}: is known only after a search, and {stage} decides before it; use it at a "
                "later stage"
            )
        if name not in features and name not in SINGLE and name not in NESTED:
            raise PolicyError(unknown(where, "condition", name, {*features, *SINGLE, *NESTED}))


def fact(key: Key, context: StageContext, now: Callable[[], datetime]) -> Any:
    """Return a fact of a decision; ``None`` if it is not known. ``now`` gives the time in the rules' zone."""
    name, *rest = key
    if name in FACTS:
        return FACTS[name](context)
    if name == "hour":
        return now().hour
    if name == "weekday":
        return WEEKDAYS[now().weekday()]
    if name == "path":
        return context.path.get(rest[0])
    if name == "metadata":
        own = context.call.metadata.get(rest[0])
        return list(context.call.filter.get(rest[0], ())) if own is None else own
    return context.features.get(name)


def _language(context: StageContext) -> str | None:
    return asked_in(context.query.text) or None


def _file_type(context: StageContext) -> str | None:
    return _suffix(context.passages[0]) if context.passages else None


def _suffix(passage: Passage) -> str | None:
    """Return the ending of the file that a passage is from, in lower case."""
    for name in (passage["document"], passage["title"]):
        ending = PurePosixPath(name.partition("?")[0]).suffix.partition("~")[0].lower().lstrip(".")
        if ending.isalnum():
            return ending
    return None


def _texts(given: Any, where: str) -> Values:
    own = values(given, where)
    for _, value in own.allowed:
        if not isinstance(value, str) or not value:
            raise ValueError(f"{where}: expected a text or a list of texts, got {shown(value)}")
    return own


def _languages(given: Any, where: str) -> Values:
    def code(name: str) -> str:
        try:
            found = code_of(language_name(name))
        except ValueError as error:
            raise ValueError(f"{where}: {str(error).removeprefix('language: ')}") from None
        if not found:
            raise ValueError(f"{where}: language {name!r} cannot be recognised; give the code of another")
        return found

    return _of(code(str(value)) for _, value in _texts(given, where).allowed)


def _file_types(given: Any, where: str) -> Values:
    return _of(str(value).lower().lstrip(".") for _, value in _texts(given, where).allowed)


def _weekdays(given: Any, where: str) -> Values:
    for _, value in _texts(given, where).allowed:
        if value not in WEEKDAYS:
            raise ValueError(unknown(where, "weekday", value, WEEKDAYS))
    return values(given, where)


def _hours(given: Any, where: str) -> Values:
    listed = given if isinstance(given, list) else [given]
    if not listed or any(isinstance(each, bool) for each in listed):
        raise ValueError(f"{where}: expected hours from 0 to 23, got {shown(given)}")
    wanted = [interval(each, where) for each in listed]
    found = _of(hour for hour in range(24) if any(each.holds(hour) for each in wanted))
    if found.empty or not all(any(each.holds(hour) for hour in range(24)) for each in wanted):
        raise ValueError(f"{where}: expected hours from 0 to 23, got {shown(given)}")
    return found


def _metadata(given: Any, where: str) -> Constraint:
    return interval(given, where) if isinstance(given, Mapping) else values(given, where)


def _of(items: Iterable[str | int]) -> Values:
    return Values(frozenset((False, item) for item in items))


SINGLE: Mapping[str, Callable[[Any, str], Constraint]] = {
    "language": _languages,
    "file_type": _file_types,
    "user": _texts,
    "tags": _texts,
    "hour": _hours,
    "weekday": _weekdays,
}
"""Conditions on single facts that are not features, with the readers of their values."""
NESTED: Mapping[str, Callable[[Any, str], Constraint]] = {"metadata": _metadata, "path": _texts}
"""Conditions on facts with names of their own."""
ALWAYS: Mapping[str, Constraint] = {"hour": _of(range(24)), "weekday": _of(WEEKDAYS)}
"""Constraints that always hold."""
FACTS: Mapping[str, Callable[[StageContext], Any]] = {
    "language": _language,
    "file_type": _file_type,
    "user": lambda context: context.call.user or None,
    "tags": lambda context: list(context.call.tags),
}
"""Facts of a decision by name; the others are the time, the path, metadata and features."""

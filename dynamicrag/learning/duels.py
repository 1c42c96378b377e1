"""The drafts of one query as duels between models, by the calibrated belief in each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dynamicrag.store.logged import LoggedDecision, LoggedQuery

ACCEPT = "accept"
CHANGED = ("refine", "ask_again")
"""Moves after which a draft is no longer the plain draft of its model on its path."""


@dataclass(frozen=True, slots=True)
class JudgedDraft:
    """A draft that was judged.

    Attributes:
        path: The option per stage that it was written with.
        belief: Probability that it is right, by the estimate before online learning.
        plain: Whether it is the first reply of its model, neither refined nor asked for again.
    """

    path: Mapping[str, str]
    belief: float
    plain: bool


def drafts_of(query: LoggedQuery) -> list[JudgedDraft]:
    """Return the drafts of a query that its router had a belief in, in order.

    The belief is the quality of ``accept`` before online learning, so that a learner is not taught by its own
    estimate. A draft that is judged again, because a later path gave none, is returned once.
    """
    path, plain = dict[str, str](), True
    found, seen = list[JudgedDraft](), list[Mapping[str, float]]()
    for decision in query.decisions:
        if decision.stage != "verification":
            path[decision.stage], plain = decision.chosen, True
            continue
        belief = _belief(decision)
        written = "generator" in path  # else the query was withheld before a draft
        if belief is not None and written and decision.features not in seen:
            found.append(JudgedDraft(dict(path), belief, plain))
        seen.append(decision.features)
        plain = decision.chosen not in CHANGED
    return found


def duels(drafts: Sequence[JudgedDraft]) -> Iterator[tuple[str, str, float]]:
    """Yield ``(a, b, y)`` for each two drafts of different models; y exceeds .5 if ``a`` is believed better.

    The drafts must differ in the model alone, so that a better context is not counted as a better model. Of
    several comparisons of the same two models, the last one counts.
    """
    found = dict[tuple[str, str], float]()
    for number, later in enumerate(drafts):
        for earlier in drafts[:number]:
            if later.plain and earlier.plain and _differ_in_model_alone(earlier.path, later.path):
                pair = later.path["generator"], earlier.path["generator"]
                found.pop(pair[::-1], None)
                found[pair] = 0.5 + (later.belief - earlier.belief) / 2.0
    for (a, b), y in found.items():
        yield a, b, y


def _belief(decision: LoggedDecision) -> float | None:
    if ACCEPT not in decision.options:
        return None
    belief = decision.base[decision.options.index(ACCEPT)]
    return None if belief is None else min(1.0, max(0.0, belief))


def _differ_in_model_alone(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return {stage for stage in one.keys() | other.keys() if one.get(stage) != other.get(stage)} == {
        "generator"
    }

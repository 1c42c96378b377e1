"""The plans of a query: the first one, and the changes that evidence made to it."""

from collections.abc import Sequence
from dataclasses import dataclass

from dynamicrag.records import Decision


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the planned option of a stage.

    Attributes:
        stage: The stage.
        before: The option planned before.
        after: The option planned now.
        reason: The reason of the stage's decision; ``""`` if it was not decided afterwards.
    """

    stage: str
    before: str
    after: str
    reason: str


@dataclass(frozen=True, slots=True)
class Replan:
    """A plan of a query.

    Attributes:
        decision: Id of the decision before which it was made.
        path: The option planned for each later stage.
        evidence: Signals that were not known to the plan before.
        changes: Changes from the plan before.
    """

    decision: str
    path: dict[str, str]
    evidence: dict[str, float]
    changes: tuple[Change, ...]


def replans(decisions: Sequence[Decision]) -> list[Replan]:
    """Return the plans of a query, the first one first."""
    found: list[Replan] = []
    known: dict[str, float] = {}
    path: dict[str, str] = {}
    for number, decision in enumerate(decisions):
        plan = decision.get("plan")
        if plan is None:
            continue
        reasons = {later["stage"]: later["reason"] for later in reversed(decisions[number:])}
        changes = tuple(
            Change(stage, path[stage], option, reasons.get(stage, ""))
            for stage, option in plan.items()
            if path.get(stage, option) != option
        )
        features = decision["features"]
        evidence = {name: value for name, value in features.items() if known.get(name) != value}
        found.append(Replan(decision["id"], dict(plan), evidence if found else {}, changes))
        known, path = features, {**path, **plan}
    return found

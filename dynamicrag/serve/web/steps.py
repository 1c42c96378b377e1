"""The way of an answer through the stages, in words: one step a decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dynamicrag.cost.amounts import amount, digits
from dynamicrag.graph.plans import Replan, replans
from dynamicrag.records import Decision

__all__ = ["OptionLine", "Step", "fixed", "steps"]

SHOWN = ("joules", "usd")
"""Dimensions of expected costs in a line."""
MOST_EVIDENCE = 6


@dataclass(frozen=True, slots=True)
class OptionLine:
    """An option of a decision.

    Attributes:
        name: Its name.
        estimate: Its predicted quality; ``–`` without one.
        costs: Its expected costs that are not zero.
        chosen: Whether it was chosen.
        open: Whether it could be chosen.
    """

    name: str
    estimate: str
    costs: Sequence[str]
    chosen: bool
    open: bool


@dataclass(frozen=True, slots=True)
class Step:
    """A decision with a choice.

    Attributes:
        stage: The stage.
        chosen: The chosen option.
        options: All options.
        reason: Why it was chosen.
        router: The router that chose.
        binding: The limit that decided; ``""`` for none.
        changes: The changes of the plan before it, and the evidence; empty if nothing changed.
        again: Whether the stage had been decided before in the query.
    """

    stage: str
    chosen: str
    options: Sequence[OptionLine]
    reason: str
    router: str
    binding: str
    changes: Sequence[str]
    again: bool


def steps(decisions: Sequence[Decision]) -> list[Step]:
    """Return the decisions with more than one option, in order."""
    plans = {each.decision: each for each in replans(decisions)}
    found, seen = list[Step](), set[str]()
    for decision in decisions:
        stage = decision["stage"]
        if len(decision["options"]) > 1:
            changes = _changes(plans.get(decision["id"]))
            found.append(
                Step(
                    stage, decision["chosen"], _lines(decision), decision["reason"], decision["router"],
                    decision["binding"] or "", changes, stage in seen,
                )
            )  # fmt: skip
        seen.add(stage)
    return found


def fixed(decisions: Sequence[Decision]) -> dict[str, str]:
    """Return the options of stages that had only one."""
    return {each["stage"]: each["chosen"] for each in decisions if len(each["options"]) == 1}


def _lines(decision: Decision) -> list[OptionLine]:
    spreads = decision.get("spread") or [None] * len(decision["options"])
    return [
        OptionLine(
            name,
            _estimate(decision["quality"][index], spreads[index]),
            _costs(decision["expected"][index]),
            name == decision["chosen"],
            decision["allowed"][index],
        )
        for index, name in enumerate(decision["options"])
    ]


def _estimate(quality: float | None, spread: float | None) -> str:
    if quality is None:
        return "–"
    return f"{quality:.2f}" if spread is None else f"{quality:.2f} ± {spread:.2f}"


def _costs(expected: Mapping[str, float | None]) -> list[str]:
    parts = [amount(d, expected[d], noun=False) for d in SHOWN if expected.get(d)]
    unknown = [f"{d} unknown" for d in SHOWN if d in expected and expected[d] is None]
    return [*parts, *unknown]


def _changes(plan: Replan | None) -> list[str]:
    """Return the changes of a plan with the evidence behind them."""
    if plan is None or not plan.changes:
        return []
    evidence = list(plan.evidence.items())[:MOST_EVIDENCE]
    shown = ", ".join(f"{name} {digits(value)}" for name, value in evidence)
    lines = [f"{each.stage}: {each.before} → {each.after}" for each in plan.changes]
    return [*lines, *([f"evidence: {shown}"] if shown else [])]

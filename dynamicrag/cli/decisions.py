"""Decisions on the terminal: options with their figures, the reason, and the features behind each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console

from dynamicrag.cli.show import CHOSEN
from dynamicrag.cost.amounts import amount, digits
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.graph.plans import Replan, replans
from dynamicrag.lab.view.page import Column, Row, Table
from dynamicrag.lab.view.terminal import print_table
from dynamicrag.records import Decision

if TYPE_CHECKING:
    from dynamicrag.graph.estimates import EstimateNow


def show_decisions(
    out: Console,
    decisions: Sequence[Decision],
    insights: Mapping[str, Mapping[str, Any]],
    learnt: Mapping[str, int],
    now: "Mapping[str, EstimateNow]",
) -> None:
    """Print the decisions of a query in order, and the plans between them.

    Args:
        out: The console.
        decisions: The decisions.
        insights: The basis of trained routers' decisions, by the decision's id.
        learnt: Amount of feedback that online routers had read, by the decision's id.
        now: Present estimates of online routers, by the decision's id.
    """
    known: dict[str, float] = {}
    plans = {each.decision: each for each in replans(decisions)}
    for number, decision in enumerate(decisions, 1):
        if decision["id"] in plans:
            _show_plan(out, plans[decision["id"]], first=not known)
            known |= plans[decision["id"]].evidence  # printed once
        _show_decision(out, number, decision)
        for line in _changes(decision, learnt.get(decision["id"]), now.get(decision["id"])):
            out.print(line, style="cyan")
        if decision["id"] in insights:
            _show_insight(out, decision, insights[decision["id"]])
        _show_features(out, decision, known)
        known |= decision["features"]


def spare() -> dict[str, int]:
    """Return when a narrow table drops the dimensions that follow from others: the last one first."""
    return {row.name: number for number, (row, _) in enumerate(reversed(DIMENSIONS.derived), 2)}


def _show_plan(out: Console, plan: Replan, *, first: bool) -> None:
    """Print the plan for the stages ahead: the whole first one, then the changes and their evidence."""
    out.print()
    if first:
        path = ", ".join(f"{stage} {option}" for stage, option in plan.path.items())
        out.print(f"plan: {path}", style="cyan")
        return
    for change in plan.changes:
        out.print(f"plan changed: {change.stage} {change.before} → {change.after}", style="cyan")
    if not plan.changes:
        out.print("plan unchanged", style="cyan")
    evidence = ", ".join(f"{name} {digits(value)}" for name, value in plan.evidence.items())
    out.print(f"evidence: {evidence or 'nothing new'}", style="dim")


def _show_decision(out: Console, number: int, decision: Decision) -> None:
    from dynamicrag.stages.requests import answered_in_words

    out.print()
    out.rule(f"{number}  {decision['stage']}", style="bright_black", align="left")
    print_table(out, _options(decision))
    out.print(f"{decision['router']}: {decision['reason']}" if decision["reason"] else decision["router"])
    if "asked" in decision:
        out.print(answered_in_words(decision["asked"]), style="yellow")
    facts = [f"propensity {decision['propensity']:.2f}"]
    if decision["reason"]:  # else it was read from the log, which has neither limits nor times
        seconds = amount("seconds", decision["cost"]["seconds"])
        facts += [f"binding limit: {decision['binding'] or 'none'}", f"choosing took {seconds}"]
    out.print(" · ".join(facts), style="dim")


def _options(decision: Decision) -> Table:
    rated = any(quality is not None for quality in decision["quality"])
    spreads = decision.get("spread") or [None] * len(decision["options"])
    rows = []
    for index, name in enumerate(decision["options"]):
        expected, allowed = decision["expected"][index], decision["allowed"][index]
        # a decision that was kept before a dimension was counted has no amount of it
        costs = [amount(d, expected[d], noun=False) if d in expected else "–" for d in DIMENSIONS]
        rating = [_rating(decision["quality"][index], spreads[index])] if rated else []
        chosen = name == decision["chosen"]
        cells = [CHOSEN if chosen else "", name, *rating, *costs, "yes" if allowed else "no"]
        rows.append(Row(cells, style="strong" if chosen else "" if allowed else "faint"))
    order = {**spare(), "tokens": 1}
    columns = [Column(""), Column("option", number=False), *([Column("quality")] if rated else [])]
    columns += [Column(name, spare=order.get(name, 0)) for name in DIMENSIONS]
    return Table([*columns, Column("open", number=False)], rows)


def _changes(decision: Decision, read: int | None, now: "EstimateNow | None") -> Iterator[str]:
    """Yield the estimates before and after online learning: at the decision, and by now."""
    base = decision.get("base")
    if read is not None:
        yield f"had read {read:,} scores and preferences: {_steps(decision, base, decision['quality'])}"
    if now is not None and now.rewards:
        yield f"by now, after {now.rewards:,} rewards: {_steps(decision, base, now.quality)}"


def _steps(decision: Decision, base: Sequence[float | None] | None, after: Sequence[float | None]) -> str:
    before = base or [None] * len(after)
    return ", ".join(
        f"{name} {_rating(old, None)} → {_rating(new, None)}"
        for name, old, new in zip(decision["options"], before, after, strict=True)
        if new is not None
    )


def _rating(quality: float | None, spread: float | None) -> str:
    if quality is None:
        return "–"
    return f"{quality:.2f}" if spread is None else f"{quality:.2f} ± {spread:.2f}"


def _show_insight(out: Console, decision: Decision, insight: Mapping[str, Any]) -> None:
    """Print the features behind the choice, the nearest known questions, and the choice at other λ."""
    effects = [f"{e['feature']} {e['effect']:+.3f}" for e in insight["effects"][:5]]
    if effects:
        out.print(f"for {decision['chosen']} over {insight['rival']}: {', '.join(effects)}", style="dim")
    for near in insight["neighbours"]:
        out.print(f"near: {near['query_id']} {near['question'][:70]} ({near['distance']:.2f})", style="dim")
    steps: list[str] = []
    for step in insight["at_lambda"]:
        if not steps or not steps[-1].endswith(f" {step['option']}"):
            steps.append(f"λ ≥ {step['lambda']:g}: {step['option']}")
    if steps:
        out.print(" · ".join(steps), style="dim")


def _show_features(out: Console, decision: Decision, known: Mapping[str, float]) -> None:
    """Print the features of a decision that no earlier one had."""
    new = {key: value for key, value in decision["features"].items() if known.get(key) != value}
    signals = decision["stage"] == "verification"
    # a lexical feature of 0 says that the question has no such thing; a signal of 0 says something
    parts = [f"{key} {digits(value)}" for key, value in new.items() if value or signals]
    parts = ["as before", *parts] if known else parts
    out.print(f"{'signals' if signals else 'saw'}: {', '.join(parts) or 'nothing'}", style="dim")

"""``dynamicrag explain``: every decision of one question, and its account line by line."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dynamicrag.cli.options import CorpusOption, JsonOption, PolicyOption
from dynamicrag.errors import ProviderError

if TYPE_CHECKING:
    from rich.console import Console

    from dynamicrag.graph.plans import Replan
    from dynamicrag.graph.rag import DynamicRAG
    from dynamicrag.lab.questions import Question
    from dynamicrag.lab.run import Record
    from dynamicrag.lab.view.page import Table
    from dynamicrag.types import Decision

Insights = Mapping[str, Mapping[str, Any]]


def explain(
    question: Annotated[str, typer.Argument(help="The question.")],
    policy: PolicyOption = "balanced",
    corpus: CorpusOption = None,
    json: JsonOption = None,
) -> None:
    """Ask one question and show the reasons of every stage's decision."""
    from dynamicrag.cli.console import human
    from dynamicrag.cli.output import check_target, write_json
    from dynamicrag.cli.prepare import ready
    from dynamicrag.lab.questions import Question, checked_text
    from dynamicrag.policy_file import load_policy

    check_target(json)
    asked = Question("q1", checked_text(question, "question"))
    out = human(json)
    rag = ready(load_policy(policy, corpus or None), out)
    account: list[Mapping[str, Any]] = []
    insights: Insights = {}
    try:
        with out.status("asking …"):
            record = asyncio.run(_ask(rag, asked))
        if record["turn"]:  # else it failed before it began
            found = rag.explain(record["turn"], record.get("standalone") or record["question"])
            account, insights = list(found.account), dict(found.insights)
    finally:
        rag.close()
    write_json(json, {**record, "account": account, "insights": insights})
    if json != "-":
        _show(out, record, account, insights)
    if "error" in record:  # decisions before the failure are shown
        raise ProviderError(record["error"])


async def _ask(rag: "DynamicRAG", question: "Question") -> "Record":
    from dynamicrag.lab.run import ask_one, settled

    return await settled(rag, await ask_one(rag, rag.build_graph().compile(), question))


def _show(out: "Console", record: "Record", account: Sequence[Mapping[str, Any]], insights: Insights) -> None:
    from dynamicrag.cli.console import joined
    from dynamicrag.cli.show import answer
    from dynamicrag.graph.plans import replans
    from dynamicrag.lab.view.amounts import cost_line
    from dynamicrag.lab.view.terminal import print_table

    out.print(joined((record["question"], "bold")))
    out.print(answer(record))
    known: dict[str, float] = {}
    plans = {each.decision: each for each in replans(record["decisions"])}
    for number, decision in enumerate(record["decisions"], 1):
        if decision["id"] in plans:
            _show_plan(out, plans[decision["id"]], first=not known)
            known |= plans[decision["id"]].evidence  # printed once
        _show_decision(out, number, decision)
        if decision["id"] in insights:
            _show_insight(out, decision, insights[decision["id"]])
        _show_features(out, decision, known)
        known |= decision["features"]
    out.print()
    out.rule("account", style="bright_black", align="left")
    print_table(out, _account(account))
    out.print()
    out.print(cost_line(record["cost"], record.get("tokens")), style="bold")


def _spare() -> dict[str, int]:
    """Return when a narrow table drops the dimensions that follow from others: the last one first."""
    from dynamicrag.cost.dimensions import DIMENSIONS

    return {row.name: number for number, (row, _) in enumerate(reversed(DIMENSIONS.derived), 2)}


def _show_plan(out: "Console", plan: "Replan", *, first: bool) -> None:
    """Print the plan for the stages ahead: the whole first one, then the changes and their evidence."""
    from dynamicrag.lab.view.amounts import digits

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


def _show_decision(out: "Console", number: int, decision: "Decision") -> None:
    from dynamicrag.lab.view.amounts import amount
    from dynamicrag.lab.view.terminal import print_table

    out.print()
    out.rule(f"{number}  {decision['stage']}", style="bright_black", align="left")
    print_table(out, _options(decision))
    out.print(f"{decision['router']}: {decision['reason']}")
    propensity, cost = decision["propensity"], amount("seconds", decision["cost"]["seconds"])
    binding = decision["binding"] or "none"
    out.print(f"propensity {propensity:.2f} · binding limit: {binding} · choosing took {cost}", style="dim")


def _options(decision: "Decision") -> "Table":
    from dynamicrag.cli.show import CHOSEN
    from dynamicrag.cost.dimensions import DIMENSIONS
    from dynamicrag.lab.view.amounts import amount
    from dynamicrag.lab.view.page import Column, Row, Table

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
    spare = {**_spare(), "tokens": 1}
    columns = [Column(""), Column("option", number=False), *([Column("quality")] if rated else [])]
    columns += [Column(name, spare=spare.get(name, 0)) for name in DIMENSIONS]
    return Table([*columns, Column("open", number=False)], rows)


def _rating(quality: float | None, spread: float | None) -> str:
    if quality is None:
        return "–"
    return f"{quality:.2f}" if spread is None else f"{quality:.2f} ± {spread:.2f}"


def _show_insight(out: "Console", decision: "Decision", insight: Mapping[str, Any]) -> None:
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


def _show_features(out: "Console", decision: "Decision", known: Mapping[str, float]) -> None:
    """Print the features of a decision that no earlier one had."""
    from dynamicrag.lab.view.amounts import digits

    new = {key: value for key, value in decision["features"].items() if known.get(key) != value}
    signals = decision["stage"] == "verification"
    # a lexical feature of 0 says that the question has no such thing; a signal of 0 says something
    parts = [f"{key} {digits(value)}" for key, value in new.items() if value or signals]
    parts = ["as before", *parts] if known else parts
    out.print(f"{'signals' if signals else 'saw'}: {', '.join(parts) or 'nothing'}", style="dim")


def _account(lines: Sequence[Mapping[str, Any]]) -> "Table":
    from dynamicrag.lab.view.amounts import amount
    from dynamicrag.lab.view.page import Column, Row, Table

    spare = _spare()
    rows = []
    for line in lines:
        tokens = ""
        if line["input_tokens"] or line["output_tokens"]:
            cached = f" ({line['cached_tokens']:,} cached)" if line["cached_tokens"] else ""
            tokens = f"{line['input_tokens']:,}{cached}→{line['output_tokens']:,}"
        energy = line["cost"]["joules"]
        call = line["call"] + (" ✗ failed" if line["failed"] else "")
        cells = [
            line["stage"], call, tokens, amount("seconds", line["seconds"]),
            amount("seconds", line["cpu_seconds"]), amount("joules", energy["value"]),
            energy["kind"] if energy["value"] else "",
            *(amount(name, line["cost"][name]["value"], noun=False) for name in reversed(spare)),
        ]  # fmt: skip
        rows.append(Row(cells, style="" if tokens else "faint"))
    columns = [Column("stage"), Column("call", number=False)]
    columns += map(Column, ("tokens", "seconds", "CPU", "joules"))
    columns.append(Column("kind", number=False))
    return Table([*columns, *(Column(name, spare=spare[name]) for name in reversed(spare))], rows, most=1000)

"""``dynamicrag explain``: every decision of one question, and its account line by line."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dynamicrag.cli.options import CorpusOption, JsonOption, PolicyOption
from dynamicrag.errors import ProviderError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from dynamicrag.graph.rag import DynamicRAG

Record = dict[str, Any]


def explain(
    question: Annotated[str, typer.Argument(help="The question.")],
    policy: PolicyOption = "balanced",
    corpus: CorpusOption = None,
    json: JsonOption = None,
) -> None:
    """Ask one question and show why every stage did what it did."""
    from dynamicrag.cli.console import human
    from dynamicrag.cli.output import check_target, write_json
    from dynamicrag.cli.prepare import ready
    from dynamicrag.lab.questions import Question, checked_text
    from dynamicrag.policy_file import load_policy

    check_target(json)
    asked = Question("q1", checked_text(question, "question"))
    out = human(json)
    rag = ready(load_policy(policy, corpus or None), out)
    try:
        with out.status("asking …"):
            record = asyncio.run(_ask(rag, asked))
        # one that failed says no more than its question
        record |= explained(rag, record["turn"], record.get("standalone") or record["question"])
    finally:
        rag.close()
    if json is not None:
        write_json(json, record)
    if json != "-":
        _show(out, record)
    if "error" in record:  # what was decided before it failed is shown all the same
        raise ProviderError(record["error"])


async def _ask(rag: "DynamicRAG", question: Any) -> Record:
    from dynamicrag.lab.run import ask_one, settled

    return await settled(rag, await ask_one(rag, rag.build_graph().compile(), question))


def explained(rag: "DynamicRAG", query_id: str, question: str) -> Record:
    """Return the account of a query, and what is behind the decisions of trained routers."""
    if not query_id:  # it failed before it began
        return {"account": [], "insights": {}}
    found = rag.explain(query_id, question)
    return {"account": list(found.account), "insights": dict(found.insights)}


def _show(out: "Console", record: Record) -> None:
    from dynamicrag.cli.console import joined, plain
    from dynamicrag.cli.show import answer
    from dynamicrag.cli.tables import show
    from dynamicrag.cli.units import cost_line

    out.print(joined((plain(record["question"]), "bold")))
    out.print(answer(record))
    known: dict[str, float] = {}
    for number, decision in enumerate(record["decisions"], 1):
        _show_decision(out, number, decision)
        if decision["id"] in record["insights"]:
            _show_insight(out, decision, record["insights"][decision["id"]])
        _show_features(out, decision, known)
        known |= decision["features"]
    out.print()
    out.rule("account", style="bright_black", align="left")
    show(out, _account_table(record["account"]), *_follow())
    out.print()
    out.print(cost_line(record["cost"], record.get("tokens")), style="bold")


def _follow() -> list[str]:
    """Return the dimensions that follow from others, the first to leave out of a narrow table first."""
    from dynamicrag.cost.dimensions import DIMENSIONS

    return [row.name for row, _ in reversed(DIMENSIONS.derived)]


def _show_decision(out: "Console", number: int, decision: Mapping[str, Any]) -> None:
    from dynamicrag.cli.console import plain
    from dynamicrag.cli.tables import plain_table, show
    from dynamicrag.cli.units import bare, seconds
    from dynamicrag.cost.dimensions import DIMENSIONS

    out.print()
    out.rule(f"{number}  {decision['stage']}", style="bright_black", align="left")
    rated = any(quality is not None for quality in decision["quality"])
    costs = [f"{name}>" for name in DIMENSIONS]
    table = plain_table("", "option", *(["quality>"] if rated else []), *costs, "open")
    columns = (decision[key] for key in ("options", "allowed", "expected", "quality"))
    rows = zip(*columns, strict=True)
    spreads = iter(decision.get("spread") or [])
    for name, allowed, cost, quality in rows:
        chosen = name == decision["chosen"]
        # a decision that was kept before a dimension was counted has no amount of it
        figures = [bare(name, cost[name]) if name in cost else "–" for name in DIMENSIONS]
        spread = next(spreads, None)
        rating = [_rating(quality, spread)] if rated else []
        table.add_row("●" if chosen else "", plain(name), *rating, *figures, "yes" if allowed else "no",
                      style="bold cyan" if chosen else "" if allowed else "dim")  # fmt: skip
    show(out, table, "tokens", *_follow())
    binding = decision["binding"] or "none"
    cost = seconds(decision["cost"]["seconds"])
    out.print(f"{decision['router']}: {plain(decision['reason'])}")
    out.print(f"propensity {decision['propensity']:.2f} · binding limit: {binding} · choosing took {cost}",
              style="dim")  # fmt: skip


def _rating(quality: float | None, spread: float | None) -> str:
    if quality is None:
        return "–"
    return f"{quality:.2f}" if spread is None else f"{quality:.2f} ± {spread:.2f}"


def _show_insight(out: "Console", decision: Mapping[str, Any], insight: Mapping[str, Any]) -> None:
    """Print what spoke for the choice, the nearest known questions, and the choice at other λ."""
    from dynamicrag.cli.console import plain

    effects = [f"{e['feature']} {e['effect']:+.3f}" for e in insight["effects"][:5]]
    if effects:
        lead = f"for {decision['chosen']} over {insight['rival']}: {', '.join(effects)}"
        out.print(plain(lead), style="dim")
    for near in insight["neighbours"]:
        out.print(
            plain(f"near: {near['query_id']} {near['question'][:70]} ({near['distance']:.2f})"), style="dim"
        )
    steps: list[str] = []
    for step in insight["at_lambda"]:
        if not steps or not steps[-1].endswith(f" {step['option']}"):
            steps.append(f"λ ≥ {step['lambda']:g}: {step['option']}")
    if steps:
        out.print(plain(" · ".join(steps)), style="dim")


def _show_features(out: "Console", decision: Mapping[str, Any], known: Mapping[str, float]) -> None:
    """Print what the decision was made from, without what an earlier one has seen alike."""
    from dynamicrag.cli.units import short

    new = {key: value for key, value in decision["features"].items() if known.get(key) != value}
    signals = decision["stage"] == "verification"
    # a lexical feature of 0 says that the question has no such thing; a signal of 0 says something
    said = [f"{key} {short(value)}" for key, value in new.items() if value or signals]
    rest = "as before" if known else ""
    what = "signals" if signals else "saw"
    out.print(f"{what}: {', '.join([*filter(None, [rest]), *said]) or 'nothing'}", style="dim")


def _account_table(lines: list[Record]) -> "Table":
    from dynamicrag.cli.console import plain
    from dynamicrag.cli.tables import plain_table
    from dynamicrag.cli.units import bare, joules, seconds

    follow = _follow()[::-1]
    columns = (f"{name}>" for name in follow)
    table = plain_table("stage", "call", "tokens>", "seconds>", "CPU>", "joules>", "kind", *columns)
    for line in lines:
        tokens = ""
        if line["input_tokens"] or line["output_tokens"]:
            cached = f" ({line['cached_tokens']:,} cached)" if line["cached_tokens"] else ""
            tokens = f"{line['input_tokens']:,}{cached}→{line['output_tokens']:,}"
        energy = line["cost"]["joules"]
        table.add_row(
            line["stage"], plain(line["call"]) + (" ✗ failed" if line["failed"] else ""), tokens,
            seconds(line["seconds"]), seconds(line["cpu_seconds"]),
            joules(energy["value"]), energy["kind"] if energy["value"] else "",
            *(bare(name, line["cost"][name]["value"]) for name in follow),
            style="" if tokens else "dim",
        )  # fmt: skip
    return table

"""``dynamicrag explain``: every decision of one question, and its account line by line."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dynamicrag.cli.console import joined
from dynamicrag.cli.decisions import show_decisions, spare
from dynamicrag.cli.explain_query import explain_query
from dynamicrag.cli.options import CorpusOption, JsonOption, PolicyOption
from dynamicrag.cli.prepare import ready
from dynamicrag.cli.result import Output
from dynamicrag.cli.show import answer
from dynamicrag.cost.amounts import amount
from dynamicrag.errors import ProviderError
from dynamicrag.lab.questions import Question, checked_text
from dynamicrag.lab.view.amounts import cost_line
from dynamicrag.lab.view.page import Column, Row, Table
from dynamicrag.lab.view.terminal import print_table

if TYPE_CHECKING:
    from dynamicrag.graph.rag import DynamicRAG
    from dynamicrag.lab.run import Record

Insights = Mapping[str, Mapping[str, Any]]
QUERY_ID = re.compile(r"[0-9a-f]{24}")
"""Form of a query's id, which no question has."""


def explain(
    question: Annotated[
        str, typer.Argument(help="The question, or the id of a stored query, which is not asked again.")
    ],
    policy: PolicyOption = "balanced",
    corpus: CorpusOption = None,
    json: JsonOption = None,
) -> None:
    """Ask one question and show the reasons of every stage's decision; or show those of a stored query."""
    from dynamicrag.policy.file import load_policy

    out = Output(json)
    if QUERY_ID.fullmatch(question.strip()):
        explain_query(question.strip(), load_policy(policy), out)
        return
    asked = Question("q1", checked_text(question, "question"))
    rag = ready(load_policy(policy, corpus or None), out)
    account: list[Mapping[str, Any]] = []
    insights: Insights = {}
    learnt: Mapping[str, int] = {}
    try:
        with out.status("asking …"):
            record = asyncio.run(_ask(rag, asked))
        if record["turn"]:  # else it failed before it began
            found = rag.explain(record["turn"], record.get("standalone") or record["question"])
            account, insights, learnt = list(found.account), dict(found.insights), found.learnt
    finally:
        rag.close()
    out.give({**record, "account": account, "insights": insights, "learnt": learnt})
    if out.in_words:
        _show(out, record, account, insights, learnt)
    if "error" in record:  # decisions before the failure are shown
        raise ProviderError(record["error"])


async def _ask(rag: "DynamicRAG", question: Question) -> "Record":
    from dynamicrag.lab.run import ask_one, settled

    return await settled(rag, await ask_one(rag, rag.build_graph().compile(), question))


def _show(
    out: Output,
    record: "Record",
    account: Sequence[Mapping[str, Any]],
    insights: Insights,
    learnt: Mapping[str, int],
) -> None:
    out.print(joined((record["question"], "bold")))
    out.print(answer(record))
    show_decisions(out, record["decisions"], insights, learnt, {})
    out.print()
    out.rule("account", style="bright_black", align="left")
    print_table(out, _account(account))
    unmetered = [(line["call"], line["unmetered"]) for line in account if "unmetered" in line]
    for call, why in dict.fromkeys(unmetered):
        out.print(f"note: the energy of {call} is estimated: {why}", style="yellow", soft_wrap=True)
    out.print()
    out.print(cost_line(record["cost"], record.get("tokens")), style="bold")


def _account(lines: Sequence[Mapping[str, Any]]) -> Table:
    order = spare()
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
            *(amount(name, line["cost"][name]["value"], noun=False) for name in reversed(order)),
        ]  # fmt: skip
        rows.append(Row(cells, style="" if tokens else "faint"))
    columns = [Column("stage"), Column("call", number=False)]
    columns += map(Column, ("tokens", "seconds", "CPU", "joules"))
    columns.append(Column("kind", number=False))
    return Table([*columns, *(Column(name, spare=order[name]) for name in reversed(order))], rows, most=1000)

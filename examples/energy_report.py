"""The energy account of some questions: joules by stage and by model, and where each figure comes from.

``python examples/energy_report.py --policy examples/ollama.yaml "When does the ferry leave?"``
"""

import argparse
from collections import defaultdict
from pathlib import Path
from typing import Any

from dynamicrag import DynamicRAG

QUESTIONS = ["Hello!", "When does the ferry leave Port Harrow?", "Who opened the lighthouse at Cape Ondry?"]
Amounts = dict[str, dict[str, float]]


def ask(rag: DynamicRAG, questions: list[str]) -> list[str]:
    """Ask the questions, each in a conversation of its own, and return the ids of the queries."""
    app: Any = rag.build_graph().compile()
    states = [app.invoke({"messages": [("user", question)]}) for question in questions]
    return [state["rag"]["report"]["query_id"] for state in states]


def add(amounts: Amounts, name: str, figure: Any) -> None:
    """Add a figure's joules under a name, by kind."""
    parts = figure.get("parts") or {figure["kind"]: figure["value"] or 0.0}
    for kind, joules in parts.items():
        amounts[name][kind] += joules


def account(rag: DynamicRAG, queries: list[str]) -> tuple[Amounts, Amounts, list[str]]:
    """Return the joules by stage and by model, each by kind, and why energy was not metered."""
    stages: Amounts = defaultdict(lambda: defaultdict(float))
    models: Amounts = defaultdict(lambda: defaultdict(float))
    reasons: dict[str, None] = {}
    for query in queries:
        rag.cost(query)  # waits for the meter
        for line in rag.explain(query).account:
            joules = line["cost"]["joules"]
            add(stages, line["stage"], joules)
            if line["input_tokens"]:
                add(models, line["call"], joules)
            if "unmetered" in line:
                reasons[f"{line['call']}: {line['unmetered']}"] = None
    return stages, models, list(reasons)


def show(title: str, amounts: Amounts) -> None:
    print(f"\n{title:14}{'joules':>10}  kind")
    for name, parts in sorted(amounts.items(), key=lambda item: -sum(item[1].values())):
        kinds = ", ".join(f"{joules:.2f} {kind}" for kind, joules in parts.items() if joules)
        print(f"{name:14}{sum(parts.values()):10.2f}  {kinds or 'none'}")


def report(rag: DynamicRAG, queries: list[str], baseline: list[str]) -> None:
    """Print the account of the queries, and what the same questions took by the baseline."""
    stages, models, reasons = account(rag, queries)
    show("stage", stages)
    show("model", models)
    for reason in reasons:
        print(f"not metered: {reason}")
    active = sum(rag.cost(query)["joules"] for query in queries)
    full = sum(rag.cost(query, scope="full")["joules"] for query in queries)
    before = sum(rag.cost(query)["joules"] for query in baseline)
    print(
        f"\n{len(queries)} questions: {active:.2f} J, {full - active:.2f} J of idling and memory beside them"
    )
    if before:
        print(f"baseline always-large: {before:.2f} J, {1 - active / before:.0%} saved")


def main() -> None:
    options = argparse.ArgumentParser(description="The energy account of some questions.")
    options.add_argument("questions", nargs="*", default=QUESTIONS)
    options.add_argument(
        "--policy", default="balanced", help="a preset or a YAML file (default: %(default)s)"
    )
    options.add_argument("--baseline", action="store_true", help="ask always-large too")
    given = options.parse_args()
    corpus = Path(__file__).parent / "corpus"
    with DynamicRAG.from_policy(given.policy, corpus=corpus) as rag:
        queries, baseline = ask(rag, given.questions), []
        if given.baseline:
            with DynamicRAG.from_policy("always-large", corpus=corpus) as other:
                baseline = ask(other, given.questions)
                rag.flush()  # the baseline's cost is in the run store, which both share
                other.flush()
        report(rag, queries, baseline)


if __name__ == "__main__":
    main()

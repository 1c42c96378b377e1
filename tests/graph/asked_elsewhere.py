"""A process that works on a thread whose budget asks.

A follow-up costs a tenth of a cent for the helper; the small model's draft, 1 cent, declines, and the next
model, 10 cents, does not fit. ``begin`` asks the question; ``grant`` and ``refuse`` answer the interrupt.
"""

import json
import sys
from pathlib import Path
from typing import Any

from langgraph.types import Command

from .asking import ESCALATING
from .conftest import Maker, WordCounter
from .elsewhere import ASKED, saver

PRICED = {
    name: {"model": f"fake:{name}", "profile": {"usd": {"call": price}}}
    for name, price in {"small": 0.01, "medium": 0.1, "large": 1.0, "helper": 0.001}.items()
}
LINE = ("id", "stage", "label", "cost")
STEPS = {"begin": ASKED, "grant": Command(resume=True), "refuse": Command(resume=False)}


def work(given: dict[str, Any]) -> list[dict[str, Any]]:
    """Do the steps, and report each."""
    from dynamicrag.policy import build_embedders, build_models

    maker = Maker(Path(given["docs"]))
    maker.scripts["small"] = lambda kind, text: "unanswerable"
    build_models.chat_model, build_embedders.LocalEmbedder = maker.model, WordCounter  # type: ignore[assignment,misc]
    budget = {"per_query": {"usd": 0.02}, "total": {"usd": 5.0}, "account": "team", "exhausted": "ask"}
    rag = maker(models=PRICED, runs={"keep": 100}, objective={"budget": budget}, stages=ESCALATING)
    thread = {"configurable": {"thread_id": given["thread"]}}
    done = []
    with saver(given["saver"]) as kept:
        if hasattr(kept, "setup"):
            kept.setup()
        app = rag.build_graph().compile(checkpointer=kept)
        for step in given["steps"]:
            before = sum(len(model.calls) for model in maker.models.values())
            out = app.invoke(STEPS[step], thread)
            assert rag.flush()
            total = rag.budget()["usd"]
            done.append({
                "asked": [each.value for each in out.get("__interrupt__", ())],
                "calls": sum(len(model.calls) for model in maker.models.values()) - before,
                "account": [[line[key] for key in LINE] for line in out["rag"]["account"]],
                "seqs": [each["seq"] for each in out["rag"]["decisions"]],
                "report": out["rag"]["report"],
                "spent": total["spent"],
                "held": total["set_aside"],
            })  # fmt: skip
    rag.close()
    return done


def main(given: dict[str, Any]) -> None:
    """Do the steps, and print the reports as JSON."""
    sys.stdout.write(json.dumps(work(given)))

"""One of several processes that work on the same thread.

It does ``steps`` with scripted models that cost 1 cent a call, the helper a tenth, and prints a report each:
``begin`` asks a follow-up and stops before ``generate``; ``resume`` goes on; ``replay`` runs again from
before ``generate``; ``forget`` takes the account out of the state, as a graph that does not keep it would.
"""

import json
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Overwrite

from .conftest import Maker, WordCounter

ASKED = {"messages": [("user", "When was the bridge of town03 opened?"), ("assistant", "1813"),
                      ("user", "Which river does it cross?")]}  # fmt: skip
PRICED = {
    name: {"model": f"fake:{name}", "profile": {"usd": {"call": price}}}
    for name, price in {"small": 0.01, "medium": 0.01, "large": 0.01, "helper": 0.001}.items()
}


def saver(uri: str) -> "AbstractContextManager[Any]":
    """Return the checkpointer of a database."""
    if uri == "memory":
        return nullcontext(InMemorySaver())
    if uri.startswith("postgresql"):
        from langgraph.checkpoint.postgres import PostgresSaver

        return PostgresSaver.from_conn_string(uri)
    from langgraph.checkpoint.sqlite import SqliteSaver

    return SqliteSaver.from_conn_string(uri)


def report(out: dict[str, Any], rag: Any, calls: int) -> dict[str, Any]:
    """Return what a step came to."""
    made, total = out["rag"]["report"] or None, rag.budget()["usd"]
    return {
        "cost": made and made["cost"]["usd"],
        "all": made and made["cost_all_runs"]["usd"],
        "provisional": made and made["provisional"],
        "tokens": made and made["tokens"],
        "usage": out["messages"][-1].usage_metadata if made else None,
        "lines": len(out["rag"]["account"]),
        "attempt": out["rag"]["turn"]["attempt"],
        "spent": total["spent"],
        "held": total["set_aside"],
        "calls": calls,
    }


def work(given: dict[str, Any]) -> list[dict[str, Any]]:
    """Do the steps."""
    from dynamicrag.policy import build_embedders, build_models

    maker = Maker(Path(given["docs"]))
    build_models.chat_model, build_embedders.LocalEmbedder = maker.model, WordCounter  # type: ignore[assignment,misc]
    shared = {"account": "team"} if given.get("shared") else {}
    rag = maker(
        models=PRICED,
        runs={"keep": given.get("keep", 100)},
        objective={"budget": {"total": {"usd": 5.0}, **shared}},
    )
    thread = {"configurable": {"thread_id": given["thread"]}}
    done = []
    with saver(given["saver"]) as kept:
        if hasattr(kept, "setup"):
            kept.setup()
        for step in given["steps"]:
            stop = ["generate"] if step == "begin" else []
            app = rag.build_graph().compile(checkpointer=kept, interrupt_before=stop)
            before = sum(len(model.calls) for model in maker.models.values())
            if step == "forget":
                bare = {**app.get_state(thread).values["rag"], "account": []}
                app.update_state(thread, {"rag": Overwrite(bare)})
                continue
            if step == "begin":
                out = app.invoke(ASKED, thread)
            elif step == "resume":
                out = app.invoke(None, thread)
            else:
                early = [
                    past for past in app.get_state_history(thread)
                    if past.next == ("generate",) and past.metadata["source"] == "loop"
                ][-1]  # fmt: skip
                out = app.invoke(None, early.config)
            assert rag.flush()
            calls = sum(len(model.calls) for model in maker.models.values()) - before
            done.append(report(out, rag, calls))
    rag.close()
    return done


def main(given: dict[str, Any]) -> None:
    """Do the steps, and print the reports as JSON."""
    sys.stdout.write(json.dumps(work(given)))

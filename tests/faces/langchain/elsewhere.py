"""One of several processes that work on an agent's thread.

A person approves the agent's tool. The tool asks the documents by the graph, under a limit of its own: the
small model's draft, 1 cent, declines, and the large model, 10 cents, does not fit, so that the graph asks.
"""

import json
import sys
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langgraph.types import Command

from dynamicrag import DynamicRAG, DynamicRAGMiddleware
from dynamicrag.testing import FakeRetriever, ScriptedToolChat, calls_tools, says
from tests.graph.asking import ESCALATING
from tests.graph.elsewhere import saver

QUESTION = "When does the museum open?"
PRICES = {"small": 0.01, "large": 0.1}
BUDGET = {"per_query": {"usd": 1.0}, "total": {"usd": 5.0}, "account": "museum", "exhausted": "ask"}
POLICY = {
    "version": 1,
    "host": {"meter": "none"},
    "models": {name: {"profile": {"usd": {"call": usd}}} for name, usd in PRICES.items()},
    "objective": {"budget": BUDGET},
    "stages": {
        "retriever": {"options": ["kb"]},
        "generator": {"options": ["small", "large"], "router": {"fixed": {"option": "small"}}},
        **ESCALATING,
    },
}
STEPS: dict[str, Any] = {
    "begin": {"messages": [("user", QUESTION)]},
    "approve": Command(resume={"decisions": [{"type": "approve"}]}),
    "grant": Command(resume=True),
}


def script(name: str) -> Any:
    def reply(messages: Any, kwargs: Any) -> Any:
        if not kwargs.get("tools"):  # a draft of the graph
            return says("unanswerable" if name == "small" else "It opens at ten.")
        return (
            says("At ten.") if messages[-1].type == "tool" else calls_tools(("ask", {"question": QUESTION}))
        )

    return reply


def work(given: dict[str, Any]) -> list[dict[str, Any]]:
    """Do the steps, and report each."""
    models = {name: ScriptedToolChat(named=name, script=script(name)) for name in ("small", "large")}
    texts = {"kb": FakeRetriever(["The museum opens at ten."])}
    rag = DynamicRAG.from_policy(POLICY, models=models, retrievers=texts)
    app, limit = rag.build_graph().compile(), {"configurable": {"rag": {"budget": {"usd": 0.05}}}}

    def ask(question: str) -> str:
        """Ask the documents."""
        out: dict[str, Any] = app.invoke({"messages": [("user", question)]}, limit)
        return str(out["messages"][-1].text)

    beside = [DynamicRAGMiddleware(rag), HumanInTheLoopMiddleware(interrupt_on={"ask": True})]
    thread = {"configurable": {"thread_id": given["thread"]}}
    done = []
    with rag, saver(given["saver"]) as kept:
        if hasattr(kept, "setup"):
            kept.setup()
        agent = create_agent(models["small"], [ask], middleware=beside, checkpointer=kept)
        for step in given["steps"]:
            before = {name: len(model.given) for name, model in models.items()}
            out = agent.invoke(STEPS[step], thread)
            assert rag.flush()
            done.append({
                "stopped": [each.value.get("type", "approval") for each in out.get("__interrupt__", ())],
                "calls": {name: len(model.given) - before[name] for name, model in models.items()},
                "account": [[line["id"], line["label"], line["cost"]] for line in out["rag"]["account"]],
                "decisions": len(out["rag"]["decisions"]),
                "report": out["rag"]["report"],
                "last": out["messages"][-1].text,
                "spent": rag.budget()["usd"]["spent"],
                "held": rag.budget()["usd"]["set_aside"],
            })  # fmt: skip
    return done


def main(given: dict[str, Any]) -> None:
    """Do the steps, and print the reports as JSON."""
    sys.stdout.write(json.dumps(work(given)))

"""The example of an agent runs, with scripted models."""

import importlib.util
from pathlib import Path

from dynamicrag import DynamicRAG
from dynamicrag.testing import ScriptedToolChat, calls_tools

FILE = Path(__file__).parents[3] / "examples" / "agent.py"


def script(messages, kwargs):
    del kwargs
    done = len([each for each in messages if each.type == "tool"])
    steps = [("ticket_price", {"place": "lighthouse"}), ("multiply", {"a": 6.5, "b": 4}),
             ("Offer", {"place": "lighthouse", "total": 26.0})]  # fmt: skip
    return calls_tools(steps[done])


def test_it_runs():
    spec = importlib.util.spec_from_file_location("example_agent", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    models = {
        "small": ScriptedToolChat(named="gpt-4.1-mini-x", script=script),
        "large": ScriptedToolChat(named="gpt-4.1-x", script=script),
    }
    policy = {**module.POLICY, "host": {"meter": "none"}}
    policy["models"] = {name: {**each, "ability": 0.8} for name, each in policy["models"].items()}
    for each in policy["models"].values():
        each["profile"] = {"usd": {"input": 1e-6, "output": 4e-6}}
    with DynamicRAG.from_policy(policy, models=models) as rag:
        agent = module.build(rag, models["small"])
        out = agent.invoke({"messages": [("user", "What do four people pay at the lighthouse?")]})
        assert out["structured_response"] == module.Offer(place="lighthouse", total=26.0)
        assert len(out["rag"]["decisions"]) == 3
        assert out["rag"]["report"]["cost"]["usd"]["value"] > 0


def test_it_is_short():
    assert len(FILE.read_text().splitlines()) < 100

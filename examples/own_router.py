"""A policy with your own router, from the module ``working_hours.py`` beside this file.

``python examples/own_router.py "When does the ferry leave?"``; the policy could also be a YAML file.
"""

import sys
from pathlib import Path
from typing import Any

from dynamicrag import DynamicRAG

MODELS = ("local:smollm2-135m-instruct", "local:qwen2.5-coder-0.5b-instruct")


def policy(small: str, large: str) -> dict[str, Any]:
    """Plugins are imported before names are looked up; their folder must be on the path."""
    return {
        "version": 1,
        "plugins": ["working_hours"],
        "corpora": {"docs": {"path": str(Path(__file__).parent / "corpus")}},
        "models": {"small": {"model": small}, "large": {"model": large}},
        "stages": {
            "generator": {"options": ["small", "large"], "router": {"working_hours": {"begin": 9, "end": 17}}}
        },
    }


if __name__ == "__main__":
    app = DynamicRAG.from_policy(policy(*MODELS)).build_graph().compile()
    state = app.invoke({"messages": [("user", " ".join(sys.argv[1:]))]})
    chosen = [decision for decision in state["rag"]["decisions"] if decision["stage"] == "generator"]
    print(f"{state['messages'][-1].text}  [{chosen[-1]['chosen']}: {chosen[-1]['reason']}]")

"""Your own system prompt, and answers in German to questions in any language.

``python examples/in_german.py "When does the ferry leave?"`` asks about the island of Quellsay.
"""

import argparse
from pathlib import Path
from typing import Any

from dynamicrag import DynamicRAG

DIRECT = {"instructions": "Du bist die Auskunft von Quellsay.", "language": "German", "style": "full"}


def policy(model: str) -> dict[str, Any]:
    return {
        "version": 1,
        "corpora": {"island": {"path": str(Path(__file__).parent / "corpus")}},
        "models": {"model": {"model": model}},
        "abstain_message": {"German": "Das weiß ich nicht. Fragen Sie im Hafenbüro nach."},
        "stages": {
            "prompt": {"options": {"direct": DIRECT}},
            "verification": {
                "options": ["accept", "abstain"],
                "verifiers": ["unanswerable"],
                "router": "thresholds",
            },
        },
    }


if __name__ == "__main__":
    options = argparse.ArgumentParser(description="Answers in German about the island of Quellsay.")
    options.add_argument("question")
    options.add_argument("--model", default="local:qwen2.5-coder-0.5b-instruct", help="default: %(default)s")
    given = options.parse_args()
    app: Any = DynamicRAG.from_policy(policy(given.model)).build_graph().compile()
    system = ("system", "The user is a guest of the Gull Inn. Say 'Sie'.")
    print(app.invoke({"messages": [system, ("user", given.question)]})["messages"][-1].text)

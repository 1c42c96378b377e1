"""A client that handles drafts: ``python examples/streaming.py --stream draft "When does the inn open?"``.

With ``--stream draft`` the user reads from the first token on, and a draft that is not accepted is
withdrawn: a client that stores messages by id removes that id. With ``--stream verified`` only accepted
answers are shown, at once. Questions may be piped in, one per line.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dynamicrag import DynamicRAG, DynamicRAGError

VERIFICATION: dict[str, Any] = {
    "options": ["accept", "refine", "escalate", "abstain"],
    "verifiers": ["unanswerable", "groundedness", "token_margin"],
    "router": {"thresholds": {"groundedness": 0.5, "token_margin": 0.2}},
    "escalate": {"unanswerable": ["context", "generator"], "ungrounded": ["refine"], "unsure": ["generator"]},
    "max_escalations": 2,
}


def policy(stream: str, models: Iterable[str]) -> dict[str, Any]:
    """Weakest model first; its drafts are escalated if the verifiers find a fault."""
    return {
        "version": 1,
        "corpora": {"docs": {"path": str(Path(__file__).parent / "corpus")}},
        "models": {f"model{n}": {"model": model} for n, model in enumerate(models)},
        "stages": {
            "context": {
                "options": {"short": {"chunks": 1}, "long": {"chunks": 4}},
                "router": {"fixed": {"option": "short"}},
            },
            "generator": {"router": {"fixed": {"option": "model0"}}},
            "verification": {**VERIFICATION, "stream": stream},
        },
    }


class Screen:
    """The user's screen: messages by id, in order of arrival."""

    def __init__(self) -> None:
        self.messages: dict[str, str] = {}
        self.steps: list[str] = []

    def show(self, mode: str, event: Any) -> None:
        """Show one event of ``stream_mode=["messages", "custom"]``."""
        if mode == "messages":
            token, _ = event
            self.messages[token.id] = self.messages.get(token.id, "") + token.text
            print(token.text, end="", flush=True)
        elif event["type"] == "withdrawn":
            self.messages.pop(event["message_id"], None)  # a graphical client removes it from the page
            print(f"   ✗ withdrawn: {event['reason']}")
        elif event["type"] == "report":
            self.steps = [f"{step['stage']} → {step['option']}" for step in event["escalations"]]

    def done(self) -> None:
        """Say how the answer came about; it is complete once the stream ends."""
        print(f"   ✓ {'; '.join(self.steps) or 'at once'}")


def main() -> int:
    options = argparse.ArgumentParser(description="Drafts: streamed and withdrawn, or held until verified.")
    options.add_argument("question", nargs="*", help="what to ask (default: what is typed or piped in)")
    options.add_argument("--stream", choices=["draft", "verified"], default="draft")
    options.add_argument(
        "--models",
        nargs="+",
        default=["local:smollm2-135m-instruct", "local:qwen2.5-coder-0.5b-instruct"],
        help="weakest first (default: %(default)s)",
    )
    given = options.parse_args()
    try:
        app = DynamicRAG.from_policy(policy(given.stream, given.models)).build_graph().compile()
        for line in [" ".join(given.question)] if given.question else sys.stdin:
            screen = Screen()
            asked: Any = {"messages": [("user", line.strip())]}
            for mode, event in app.stream(asked, stream_mode=["messages", "custom"]):
                screen.show(mode, event)
            screen.done()
    except DynamicRAGError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())

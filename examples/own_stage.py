"""A stage of your own between re-ranking and the context: outdated passages are dropped.

Run ``python examples/own_stage.py "How many steps has the lighthouse at Cape Ondry?"``.
"""

import re
import sys

from dynamicrag import DynamicRAG, Option, Run, Stage, StageBase, TurnState, add_stage


@add_stage(Stage("recency", passed_by={"retrieval": ("none",)}), after="rerank")
class Recency(StageBase):
    """Drops passages whose latest year is before ``since``; options are ``all`` and, say, ``recent``."""

    async def act(self, option: Option, turn: TurnState, run: Run) -> TurnState:  # noqa: ARG002
        """Keep the passages that are recent enough."""
        since = option.params.get("since", 0)
        return {"candidates": [each for each in turn["candidates"] if latest(each["text"], since) >= since]}


def latest(text: str, default: int) -> int:
    return max(map(int, re.findall(r"\b[12]\d{3}\b", text)), default=default)


RECENT = {"options": {"all": None, "recent": {"since": 1950}}, "router": {"fixed": {"option": "recent"}}}
MODELS = {"model": {"model": "local:qwen2.5-coder-0.5b-instruct"}}
POLICY = {"version": 1, "models": MODELS, "stages": {"recency": RECENT}}

if __name__ == "__main__":
    rag = DynamicRAG.from_policy(POLICY, corpus="examples/corpus")
    state = rag.build_graph().compile().invoke({"messages": [("user", " ".join(sys.argv[1:]) or "Hello!")]})
    print(state["messages"][-1].text, state["rag"]["report"]["path"], sep="\n")

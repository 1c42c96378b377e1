"""One graph for two tenants: a filter per call, on metadata from each document's folder.

``python examples/tenants.py visiting "When does the ferry leave?"``; the other tenant is ``living``.
"""

import argparse
import sys
from pathlib import Path

from dynamicrag import DynamicRAG, DynamicRAGError

CORPUS = Path(__file__).parent / "corpus"
RULES = {"visiting/*": {"tenant": "visiting"}, "living/*": {"tenant": "living"}}


def policy(model: str) -> dict[str, object]:
    corpora = {"docs": {"path": str(CORPUS), "metadata": RULES}}
    return {"version": 1, "corpora": corpora, "models": {"model": {"model": model}}}


def main() -> int:
    options = argparse.ArgumentParser(description="Each tenant is answered from its own documents.")
    options.add_argument("--model", default="local:qwen2.5-coder-0.5b-instruct", help="default: %(default)s")
    options.add_argument("tenant")
    options.add_argument("question")
    given = options.parse_args()
    call = {"filter": {"tenant": given.tenant}, "user": given.tenant, "budget": {"joules": 400}}
    try:
        with DynamicRAG.from_policy(policy(given.model)) as rag:
            asked = {"messages": [("user", given.question)]}
            out = rag.build_graph().compile().invoke(asked, {"configurable": {"rag": call}})
            print(out["messages"][-1].text, out["rag"]["report"]["passages"], sep="\n")
    except DynamicRAGError as error:
        sys.exit(f"error: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

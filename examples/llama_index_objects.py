"""Your existing LLMs and index from LlamaIndex; a policy routes between the models.

``OPENAI_API_KEY=… python examples/llama_index_objects.py "When does the museum open?"``
"""

import sys
from typing import Any

from llama_index.core import Document, VectorStoreIndex
from llama_index.llms.openai import OpenAI

from dynamicrag import DynamicRAG

TEXTS = ["The museum opens at ten.", "The ferry leaves at noon.", "The inn serves soup until nine."]
POLICY = {
    "version": 1,
    "models": {"small": {}, "large": {}},  # weakest first; the objects replace these entries
    "stages": {
        "retrieval": {"options": ["none", "single"], "router": "prior"},  # small talk needs no search
        "generator": {
            "options": ["small", "large"],
            "router": {
                "rules": {"when": [{"if": {"greeting": True}, "take": "small"}], "otherwise": "large"}
            },
        },
    },
}


def build(small: Any, large: Any, index: Any) -> DynamicRAG:
    """Names as in the policy; the index is the only option of the stage ``retriever``."""
    return DynamicRAG.from_policy(POLICY, models={"small": small, "large": large}, retrievers={"kb": index})


if __name__ == "__main__":
    index = VectorStoreIndex.from_documents([Document(text=text) for text in TEXTS])
    app = build(OpenAI("gpt-4o-mini"), OpenAI("gpt-4o"), index).build_graph().compile()
    print(app.invoke({"messages": [("user", " ".join(sys.argv[1:]))]})["messages"][-1].text)

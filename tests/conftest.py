"""Before anything imports LangGraph: checkpoints may hold plain JSON alone, as on a strict server."""

import os

os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"

"""The config of a graph that runs within another graph, but keeps out of its checkpoints."""

from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config
from langgraph.constants import CONFIG_KEY_CHECKPOINTER

__all__ = ["detached"]


def detached(config: RunnableConfig | None) -> RunnableConfig:
    """Return the caller's config, by default the context's, without the checkpointer of a graph around.

    ``compile(checkpointer=False)`` alone stores nothing, but LangGraph still passes the checkpointer to the
    nodes. They would then interrupt a run that cannot be resumed.
    """
    whole = ensure_config(config)
    configurable = {
        k: value for k, value in whole.get("configurable", {}).items() if k != CONFIG_KEY_CHECKPOINTER
    }
    return {**whole, "configurable": configurable}

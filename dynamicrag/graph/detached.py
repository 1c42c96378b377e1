"""The config of a graph that runs within another graph, but keeps out of its checkpoints."""

from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config
from langgraph.constants import CONFIG_KEY_CHECKPOINTER

__all__ = ["detached"]


def detached(config: RunnableConfig | None) -> RunnableConfig:
    """Return a config without the checkpointer of a graph around; all else stays.

    ``compile(checkpointer=False)`` alone stores nothing, but LangGraph still passes the checkpointer to the
    nodes. They would then interrupt a run that cannot be resumed.

    Args:
        config: The caller's config; by default that of the context.
    """
    whole = ensure_config(config)
    configurable = {
        k: value for k, value in whole.get("configurable", {}).items() if k != CONFIG_KEY_CHECKPOINTER
    }
    return {**whole, "configurable": configurable}

"""Records the id of the message being streamed to the user, even if its call fails half-way."""

from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables.config import merge_configs

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig


class Shown(BaseCallbackHandler):
    """Listens to a call's tokens; ``message_id`` is empty until the first token."""

    run_inline = True

    def __init__(self) -> None:
        self.message_id = ""

    def on_llm_new_token(self, token: Any, *, chunk: Any = None, **kwargs: Any) -> None:  # noqa: ARG002
        """Read the message id from a token's chunk."""
        if token and chunk is not None:
            self.message_id = chunk.message.id or ""

    def within(self, config: "RunnableConfig | None") -> "RunnableConfig":
        """Return ``config`` with this listener among its callbacks."""
        return merge_configs(config, {"callbacks": [self]})

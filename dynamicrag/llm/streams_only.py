"""The base of chat models that only stream."""

from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import agenerate_from_stream
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult

from dynamicrag import portal


class StreamsOnly(BaseChatModel):
    """A chat model whose subclass implements ``_astream``; other calls join the chunks of a stream."""

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,  # noqa: ARG002 - the tokens of a joined answer are not reported
        **kwargs: Any,
    ) -> ChatResult:
        # open connections belong to the portal's loop
        return portal.run(portal.arun(self._agenerate(messages, stop, **kwargs)))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        return await agenerate_from_stream(self._astream(messages, stop, **kwargs))

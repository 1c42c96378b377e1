"""An agent with a scripted model, for tests of tools."""

from collections.abc import Sequence
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult


class Caller(BaseChatModel):
    """Asks its tool the questions, all in one step; then repeats the tools' contents."""

    asks: Sequence[str]
    tool: str = "kb"

    @property
    def _llm_type(self) -> str:
        return "caller"

    def bind_tools(self, tools: Any, **kwargs: Any) -> "Caller":
        return self

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        if isinstance(messages[-1], ToolMessage):
            told = [each.text for each in messages if isinstance(each, ToolMessage)]
            message = AIMessage("In short: " + " | ".join(told))
        else:
            calls = [
                {"name": self.tool, "args": {"question": asked}, "id": str(number), "type": "tool_call"}
                for number, asked in enumerate(self.asks, 1)
            ]
            message = AIMessage("", tool_calls=calls)
        return ChatResult(generations=[ChatGeneration(message=message)])


def agent(tool: Any, *asks: str, **options: Any) -> Any:
    """Return an agent that asks a tool these questions."""
    return create_agent(Caller(asks=asks, tool=tool.name), [tool], **options)


def told(state: Any) -> list[ToolMessage]:
    """Return the tool messages of a state."""
    return [each for each in state["messages"] if isinstance(each, ToolMessage)]

"""The models of a policy that can serve a call: with tools, and with a schema for the reply."""

import asyncio
import re
import threading
from collections.abc import Mapping

from dynamicrag.errors import InputError, ModelUnavailable, PolicyError
from dynamicrag.llm.chat import ChatModel

REFUSED = (400, 404, 422, 501)
"""HTTP statuses by which servers refuse tools."""
_TOOLS = re.compile(r"\btools?\b|\bfunctions?[ _-]call|tool_(?:choice|use)", re.IGNORECASE)


class Capable:
    """Knows which models can call tools: by their class, by LangChain's model profile, and from refusals.

    Args:
        models: The policy's models by name.
    """

    def __init__(self, models: Mapping[str, ChatModel]) -> None:
        self._models = models
        self._lock = threading.Lock()
        self._known: dict[str, bool] = {}

    async def of(self, name: str) -> bool:
        """Return whether a model can call tools, as far as known. A model that cannot be loaded counts."""
        if name not in self._known:
            able = await asyncio.to_thread(_can_call_tools, self._models[name])
            with self._lock:
                self._known.setdefault(name, able)
        return self._known[name]

    def refused(self, name: str, error: BaseException) -> bool:
        """Learn from a failed call with tools; return whether the model has refused the tools."""
        status = getattr(error, "status_code", None)
        refused = status in REFUSED and bool(_TOOLS.search(str(error)))
        if refused:
            with self._lock:
                self._known[name] = False
        return refused

    def check(self, able: Mapping[str, bool], forced: str | None) -> None:
        """Refuse a call with tools that no model can serve.

        Args:
            able: Whether each model can call tools, by option.
            forced: The option forced by the call, if any.

        Raises:
            PolicyError: No model can.
            InputError: The forced one cannot.
        """
        can = [name for name, is_able in able.items() if is_able]
        if not can:
            listed = ", ".join(f"{name} ({self._models[name].spec})" for name in able)
            raise PolicyError(
                f"stages.generator.options: the call has tools or a schema, and no model can call tools: "
                f"{listed}; add a model with tools to the policy (a LlamaIndex LLM counts as one without "
                "tools; give the provider's LangChain model instead)"
            )
        if forced is not None and forced not in can:
            raise InputError(
                f"the forced option of generator: {forced!r} cannot call tools; valid: {', '.join(can)}"
            )


def _can_call_tools(model: ChatModel) -> bool:
    from langchain_core.language_models import BaseChatModel

    try:
        client = model.lend()
    except ModelUnavailable:
        return True  # the call itself gives the better message
    profile = client.profile or {}
    return (
        type(client).bind_tools is not BaseChatModel.bind_tools and profile.get("tool_calling") is not False
    )

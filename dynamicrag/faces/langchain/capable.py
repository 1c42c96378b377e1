"""The models of a policy that can serve a call: with tools, and with a schema for the reply."""

import asyncio
import re
from collections.abc import Collection, Mapping

from dynamicrag.errors import InputError, ModelUnavailable, PolicyError
from dynamicrag.llm.chat import ChatModel
from dynamicrag.llm.status import status_of

REFUSED = (400, 404, 422, 501)
"""HTTP statuses by which servers refuse tools."""
_TOOLS = re.compile(r"\btools?\b(?![.\[]|['\"], ?\d)|\bfunctions?[ _-]call", re.IGNORECASE)
"""A server's word for tools as such. ``tools[0].name`` and ``'tools', 0, 'name'`` are faults of one tool."""
_LACKING = re.compile(
    r"(?:\bno\b|not|n't).{0,40}(?:support|enabled|available|allowed|permitted|implemented)"
    r"|unsupported|unrecogni|unknown|requires? --",
    re.IGNORECASE,
)
"""A server's words for a lack. Without them, the fault is in the conversation or in a tool's schema."""


class Capable:
    """Knows which models can call tools: by their class, by LangChain's model profile, and from refusals.

    A refusal only puts other models first, because its words may mislead.

    Args:
        models: The policy's models by name.
    """

    def __init__(self, models: Mapping[str, ChatModel]) -> None:
        self._models = models
        self._known: dict[str, bool] = {}
        self._refused: set[str] = set()

    async def of(self, name: str) -> bool:
        """Return whether a model can call tools, but for refusals. A model that cannot be loaded counts."""
        if name not in self._known:
            able = await asyncio.to_thread(_can_call_tools, self._models[name])
            self._known.setdefault(name, able)
        return self._known[name]

    def learn(self, name: str, error: BaseException) -> bool:
        """Learn from a failed call with tools; return whether the model has refused the tools."""
        status, said = status_of(error), str(error)
        refused = status in REFUSED and bool(_TOOLS.search(said) and _LACKING.search(said))
        if refused:
            self._refused.add(name)
        return refused

    def worked(self, name: str) -> None:
        """Forget a refusal, after a call with tools that the model has answered."""
        self._refused.discard(name)

    def has_refused(self, name: str) -> bool:
        """Return whether a model has refused tools."""
        return name in self._refused

    def check(self, able: Mapping[str, bool], forced: str | None, closed: Collection[str]) -> None:
        """Refuse a call with tools that no model can serve.

        Args:
            able: Whether each model can call tools, by option.
            forced: The option forced by the call, if any.
            closed: The options closed by the call.

        Raises:
            PolicyError: No model can.
            InputError: The forced one cannot, or the call closes all that can.
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
        if set(can) <= set(closed):
            raise InputError(
                f"the closed options of generator: no model that can call tools is left; open one of: "
                f"{', '.join(can)}"
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

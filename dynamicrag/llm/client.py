"""Makes LangChain's client for a model, with what may be sent to it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dynamicrag.llm.done import watch
from dynamicrag.llm.failures import unavailable
from dynamicrag.llm.odd_usage import tolerant
from dynamicrag.llm.parameters import Parameters

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["make_client", "parameters_of"]

OPENAI = ("openai", "azure_openai")
"""Providers with OpenAI's own log-probabilities and stream options."""
LIKE_OPENAI = (*OPENAI, "deepseek", "openrouter", "together", "upstage", "xai")
"""Providers whose LangChain class is built on OpenAI's, and that give a reason when an answer ends."""


def parameters_of(provider: str) -> Parameters:
    """Return what is sent to a provider's models until they refuse it."""
    names = ["temperature", "stop"]
    if provider in OPENAI:
        names += ["logprobs", "stream_options"]
    # LangChain's class for OpenAI sends max_completion_tokens, the others max_tokens
    other = "max_tokens" if provider == "openai" else "max_completion_tokens"
    return Parameters(names, ["native", other, ""] if provider in LIKE_OPENAI else ["native"])


def make_client(
    name: str, spec: str, params: Mapping[str, Any], sent: Parameters, max_tokens: int, temperature: float
) -> "BaseChatModel":
    """Return a client for calls of one limit and temperature.

    Args:
        name: What the policy calls the model.
        spec: ``provider:model``.
        params: What the policy gives to LangChain's class.
        sent: What the model has not refused.
        max_tokens: Most tokens to generate.
        temperature: 0 for the likeliest answer.

    Raises:
        ModelUnavailable: The integration package or the key is missing.
    """
    provider = spec.partition(":")[0]
    settings: dict[str, Any] = {"temperature": temperature, **params}
    if provider in LIKE_OPENAI:
        settings["max_retries"] = 0
    if provider in OPENAI:
        settings.setdefault("stream_usage", True)  # with a base_url it is off, and the usage is lost
        if not sent.sends("stream_options"):
            settings["stream_usage"] = False
    if not sent.sends("temperature"):
        del settings["temperature"]
    # the user's parameters win, but not over the limit that a budget was reserved for
    if sent.limit == "native":
        settings["num_predict" if provider == "ollama" else "max_tokens"] = max_tokens
    else:
        for own in ("max_tokens", "max_completion_tokens"):
            settings.pop(own, None)
        if sent.limit:
            settings["extra_body"] = {**settings.get("extra_body", {}), sent.limit: max_tokens}
    try:
        from langchain.chat_models import init_chat_model

        client: BaseChatModel = init_chat_model(spec, **settings)
        if getattr(client, "max_retries", 0) != 0:
            # its own tries would keep the next model waiting; the stages know whether there is one
            client = init_chat_model(spec, **{**settings, "max_retries": 0})
    except Exception as error:
        raise unavailable(name, spec, error) from error
    watch(client)
    tolerant(client)
    return client

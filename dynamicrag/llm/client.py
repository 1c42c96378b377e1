"""Makes LangChain's client for a model, with the parameters accepted by its server."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dynamicrag.llm.done import watch
from dynamicrag.llm.failures import unavailable
from dynamicrag.llm.odd_usage import tolerant
from dynamicrag.llm.parameters import Parameters

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["limit", "make_client", "parameters_of", "settings"]

OPENAI = ("openai", "azure_openai")
"""Providers with OpenAI's own log-probabilities and stream options."""
LIKE_OPENAI = (*OPENAI, "deepseek", "openrouter", "together", "upstage", "xai")
"""Providers whose LangChain class is built on OpenAI's, and that report a finish reason."""
LIMITS = ("max_tokens", "max_completion_tokens", "num_predict")
TIMEOUT = 120.0
"""Default seconds without a sign of a model until another one is asked."""


def parameters_of(provider: str) -> Parameters:
    """Return the parameters sent to a provider's models until refused."""
    names = ["temperature", "stop", "stream"]
    if provider in OPENAI:
        names += ["logprobs", "stream_options"]
    # LangChain's class for OpenAI sends max_completion_tokens, the others max_tokens
    other = "max_tokens" if provider == "openai" else "max_completion_tokens"
    return Parameters(names, ["native", other, ""] if provider in LIKE_OPENAI else ["native"])


def make_client(
    name: str,
    spec: str,
    params: Mapping[str, Any],
    sent: Parameters,
    max_tokens: int | None,
    temperature: float | None,
) -> "BaseChatModel":
    """Return a client for calls of one limit and temperature.

    Args:
        name: The model's name in the policy.
        spec: ``provider:model``.
        params: The policy's parameters for LangChain's class.
        sent: The parameters that the model has not refused.
        max_tokens: Largest number of tokens to generate; ``None`` for the policy's own parameter, if any.
        temperature: 0 for the likeliest answer; ``None`` for the policy's own parameter, if any.

    Raises:
        ModelUnavailable: The integration package or the key is missing.
    """
    try:
        from langchain.chat_models import init_chat_model

        given = {
            **settings(spec.partition(":")[0], params, sent, temperature),
            **limit(spec, params, sent, max_tokens),
        }
        client: BaseChatModel = init_chat_model(spec, **given)
        if getattr(client, "max_retries", 0) != 0:
            # its own retries would delay the next model; the stages know whether there is one
            client = init_chat_model(spec, **{**given, "max_retries": 0})
    except Exception as error:
        raise unavailable(name, spec, error) from error
    watch(client)
    tolerant(client)
    return client


def settings(
    provider: str, params: Mapping[str, Any], sent: Parameters, temperature: float | None
) -> dict[str, Any]:
    """Return the client's arguments except the limit; the user's parameters take precedence."""
    made: dict[str, Any] = {**({} if temperature is None else {"temperature": temperature}), **params}
    if provider in LIKE_OPENAI:
        made["max_retries"] = 0
        if "request_timeout" not in made:
            made.setdefault("timeout", TIMEOUT)  # by default it is ten minutes
    if provider in OPENAI:
        made.setdefault("stream_usage", True)  # off with a base_url, which loses the usage
        if not sent.sends("stream_options"):
            made["stream_usage"] = False
    if not sent.sends("stream"):
        made["disable_streaming"] = True
    if not sent.sends("temperature"):
        made.pop("temperature", None)
    return {key: value for key, value in made.items() if key not in LIMITS}


def limit(spec: str, params: Mapping[str, Any], sent: Parameters, max_tokens: int | None) -> dict[str, Any]:
    """Return the arguments for the limit: the reserved one, even if the user sets another."""
    if max_tokens is None:
        return {key: value for key, value in params.items() if key in LIMITS}
    if sent.limit == "native":
        return {"num_predict" if spec.startswith("ollama:") else "max_tokens": max_tokens}
    return {"extra_body": {**params.get("extra_body", {}), sent.limit: max_tokens}} if sent.limit else {}

"""Builds a chat model from its spec: a local model of the catalogue, or any model of LangChain."""

from typing import Any

from dynamicrag.errors import ModelUnavailable
from dynamicrag.llm.chat import ChatModel

__all__ = ["chat_model"]


def chat_model(name: str, spec: str, **params: Any) -> ChatModel:
    """Describe a chat model; nothing is loaded until it is used.

    Args:
        name: Its name in the policy.
        spec: ``local:NAME``, ``local:PATH.gguf`` or a spec for ``init_chat_model``, with its provider.
        **params: For local models the parameters of :class:`~dynamicrag.llm.local_chat.LocalChatModel`; for
            others ``context`` (tokens per request), ``max_retries`` and parameters of the provider's
            LangChain class, for example ``base_url`` or ``timeout``.

    Raises:
        ModelUnavailable: The spec has no provider, or names an unknown local model.
    """
    provider, _, model = spec.partition(":")
    if not provider or not model:
        raise ModelUnavailable(
            f"model {name}: expected 'provider:model', such as 'local:smollm2-135m-instruct', got {spec!r}"
        )
    if provider == "local":
        from dynamicrag.llm.local_chat import LocalChatModel

        try:
            return LocalChatModel(name, spec, **params)
        except TypeError as error:
            raise ModelUnavailable(f"model {name}: {str(error).partition('() ')[2]}") from None
    return ChatModel(name, spec, **params)

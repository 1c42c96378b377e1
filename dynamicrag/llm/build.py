"""A chat model from its spec: a local one of the catalogue, or any that LangChain knows."""

from typing import Any

from dynamicrag.errors import ModelUnavailable
from dynamicrag.llm.chat import ChatModel

__all__ = ["chat_model"]


def chat_model(name: str, spec: str, **params: Any) -> ChatModel:
    """Describe a chat model; nothing is loaded until it is used.

    Args:
        name: What the policy calls it.
        spec: ``local:NAME``, ``local:PATH.gguf`` or what ``init_chat_model`` takes, with its provider.
        **params: For local models those of :class:`~dynamicrag.llm.local_chat.LocalChatModel`; for others
            ``context`` (tokens per request), ``max_retries`` and what the provider's LangChain class takes,
            such as ``base_url`` or ``timeout``.

    Raises:
        ModelUnavailable: The spec names no provider, or a local model that does not exist.
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

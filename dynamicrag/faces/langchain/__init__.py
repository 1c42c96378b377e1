"""Our routing in LangChain: middleware for agents, and a chat model."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dynamicrag.faces.langchain.chat_model import RoutedChatModel
    from dynamicrag.faces.langchain.middleware import DynamicRAGMiddleware

__all__ = ["DynamicRAGMiddleware", "RoutedChatModel"]

_HOMES = {"DynamicRAGMiddleware": "middleware", "RoutedChatModel": "chat_model"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # LangChain's agents take a while to import

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

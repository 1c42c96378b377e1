"""Our routing in LangChain: middleware for agents, and a chat model."""

from typing import TYPE_CHECKING

from dynamicrag.lazy_names import lazily

if TYPE_CHECKING:
    from dynamicrag.faces.langchain.chat_model import RoutedChatModel
    from dynamicrag.faces.langchain.middleware import DynamicRAGMiddleware

__all__ = ["DynamicRAGMiddleware", "RoutedChatModel"]

# LangChain's agents take a while to import
__getattr__ = lazily(__name__, {"chat_model": ("RoutedChatModel",), "middleware": ("DynamicRAGMiddleware",)})

"""The HTTP server: OpenAI's chat completions over policies, with feedback, decisions and metrics.

``dynamicrag serve`` starts it. To mount it in an application of your own, install the extra ``serve`` and
call :func:`create_app`::

    app = create_app(rag, Settings(concurrency=8))
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dynamicrag.serve.app import create_app
    from dynamicrag.serve.settings import Settings

__all__ = ["Settings", "create_app"]


def __getattr__(name: str) -> Any:
    # FastAPI is imported on first use
    if name not in __all__:
        raise AttributeError(f"module 'dynamicrag.serve' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"dynamicrag.serve.{'app' if name == 'create_app' else 'settings'}"), name)

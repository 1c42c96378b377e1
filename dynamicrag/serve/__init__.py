"""The HTTP server: OpenAI's chat completions over policies, with feedback, decisions and metrics.

``dynamicrag serve`` starts it. To mount it in an application of your own, install the extra ``serve`` and
call :func:`create_app`::

    app = create_app(rag, Settings(concurrency=8))
"""

from typing import TYPE_CHECKING

from dynamicrag.lazy_names import lazily

if TYPE_CHECKING:
    from dynamicrag.serve.app import create_app
    from dynamicrag.serve.settings import Settings

__all__ = ["Settings", "create_app"]

# FastAPI is imported on first use
__getattr__ = lazily(__name__, {"app": ("create_app",), "settings": ("Settings",)})

"""The web chat: answers with the way that they took, their cost and their sources.

It needs the extra ``ui``. ``dynamicrag serve`` shows it at ``/``; :func:`mount` adds it to an application of
your own::

    app = FastAPI()
    mount(app, rag, WebSettings(uploads=Path("uploads")))
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dynamicrag.serve.web.mounting import mount
    from dynamicrag.serve.web.settings import WebSettings

__all__ = ["WebSettings", "mount"]


def __getattr__(name: str) -> Any:
    # Gradio and FastAPI are imported on first use
    if name not in __all__:
        raise AttributeError(f"module 'dynamicrag.serve.web' has no attribute {name!r}")
    from importlib import import_module

    return getattr(
        import_module(f"dynamicrag.serve.web.{'mounting' if name == 'mount' else 'settings'}"), name
    )

"""The web chat: answers with the way that they took, their cost and their sources.

It needs the extra ``ui``. ``dynamicrag serve`` shows it at ``/``; :func:`mount` adds it to an application of
your own::

    app = FastAPI()
    mount(app, rag, WebSettings(uploads=Path("uploads")))
"""

from typing import TYPE_CHECKING

from dynamicrag.lazy_names import lazily

if TYPE_CHECKING:
    from dynamicrag.serve.web.mounting import mount
    from dynamicrag.serve.web.settings import WebSettings

__all__ = ["WebSettings", "mount"]

# Gradio and FastAPI are imported on first use
__getattr__ = lazily(__name__, {"mounting": ("mount",), "settings": ("WebSettings",)})

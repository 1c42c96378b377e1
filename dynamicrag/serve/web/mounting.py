"""Mounts the web chat into a FastAPI application."""

import os
from typing import TYPE_CHECKING

from dynamicrag.extras import require
from dynamicrag.graph.rag import DynamicRAG
from dynamicrag.serve.web.settings import WebSettings

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["mount"]


def mount(app: "FastAPI", rag: DynamicRAG, settings: WebSettings = WebSettings()) -> "FastAPI":  # noqa: B008
    """Serve the web chat at ``/``, and at every path that no earlier route has, except below ``/v1/``.

    In an application of :func:`~dynamicrag.serve.create_app`, its keys, queue and budgets hold for visitors.

    Nothing is sent to anybody: no analytics, no fonts, no shared link.

    Args:
        app: The application.
        rag: The policies.
        settings: The limits, and the folder of uploads.

    Raises:
        InputError: The extra ``ui`` is not installed.
    """
    require("ui", for_="the web chat")
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when Gradio is imported
    from fastapi.middleware import Middleware
    from gradio import mount_gradio_app

    from dynamicrag.serve.web.admission import Admission
    from dynamicrag.serve.web.arrivals import Arrivals, private_folder
    from dynamicrag.serve.web.blocks import build
    from dynamicrag.serve.web.border import Border
    from dynamicrag.serve.web.headers import OwnHostOnly, Page
    from dynamicrag.serve.web.library import Library
    from dynamicrag.serve.web.theme import head, theme

    library = Library(rag, settings)
    arrivals = Arrivals(private_folder(), settings, allowed=library.available)
    page = build(rag, settings, library, arrivals, Admission(getattr(app.state, "service", None)))
    page.queue(max_size=settings.concurrency * 4, api_open=False)
    page.has_launched = True  # Gradio checks the paths of files only then, and mounting does not set it
    mount_gradio_app(
        app, page, path="/", theme=theme(), head=head(), footer_links=[], run_history=False,
        ssr_mode=False, enable_monitoring=False, mcp_server=False, show_error=False,
        max_file_size=settings.upload_bytes,
        app_kwargs={"middleware": [Middleware(OwnHostOnly), Middleware(Border, arrivals=arrivals)]},
    )  # fmt: skip
    app.router.routes[-1] = Page("/", app=app.router.routes[-1].app)  # type: ignore[attr-defined]
    return app

"""The application: endpoints, limits, and the life of a server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import HTMLResponse

from dynamicrag.graph.rag import DynamicRAG
from dynamicrag.serve import chat, decisions, feedback, metrics, models
from dynamicrag.serve.access import Access
from dynamicrag.serve.allowances import check_budgets
from dynamicrag.serve.errors import add_handlers
from dynamicrag.serve.limits import BodyLimits
from dynamicrag.serve.page import page
from dynamicrag.serve.reach import EVERY, RootPath
from dynamicrag.serve.schema import ErrorBody
from dynamicrag.serve.service import Service
from dynamicrag.serve.settings import Settings

__all__ = ["create_app"]

STATUSES = {
    400: "The request is invalid.",
    401: "The API key is missing or wrong.",
    403: "The address is not this machine's.",
    404: "The model, the query or the path does not exist.",
    405: "The method is not allowed.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    415: "The body is encoded, or not JSON.",
    429: "Too many requests, or the budget is used up.",
    500: "The server failed.",
    502: "A model provider failed.",
    503: "The server is busy or stops, or models are not available.",
    504: "The query took too long.",
}
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody, "description": text} for status, text in STATUSES.items()
}
health = APIRouter()


def create_app(rag: DynamicRAG, settings: Settings = Settings()) -> FastAPI:  # noqa: B008 - frozen
    """Return the application that answers by the policies of ``rag``.

    The caller warms ``rag`` before and closes it after. ``app.state.service`` has ``rag`` and the limits.
    When the application ends, it cancels the queries that still run and closes their books; below another
    application, which does not tell it of its end, ``await app.state.service.close()`` does.

    Args:
        rag: The policies; each is a model.
        settings: Keys and limits.

    Raises:
        InputError: A budget per user cannot be enforced.
    """
    check_budgets(rag, settings.budgets)
    app = FastAPI(
        title="DynamicRAG", lifespan=_lifespan, docs_url=None, redoc_url=None, responses=ERRORS,
        description="Chat completions over your documents, routed per query under one budget.",
    )  # fmt: skip
    app.state.service = Service(rag, settings)
    app.add_middleware(BodyLimits, most=settings.body_bytes, seconds=settings.body_seconds)
    app.add_middleware(Access, keys=settings.keys)  # the last one added comes first
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=settings.cors_origins, allow_methods=("GET", "POST"),
            allow_headers=(EVERY,), expose_headers=(EVERY,),
        )  # fmt: skip
    if settings.root_path:
        app.add_middleware(RootPath, root=settings.root_path)
    add_handlers(app)
    for router in (chat.router, models.router, feedback.router, decisions.router, metrics.router, health):
        app.include_router(router)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.service.gate.closed = app.state.service.stopping = False  # an application may start again
    yield
    await app.state.service.close()


@health.get("/healthz")
async def healthz() -> dict[str, str]:
    """Say that the server answers."""
    return {"status": "ok"}


@health.get("/docs", include_in_schema=False)
async def docs(request: Request) -> HTMLResponse:
    """Show the API."""
    return HTMLResponse(page(request.app.openapi(), request.scope.get("root_path", "")))


def _document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document; FastAPI's own status 422 does not occur here."""
    if not app.openapi_schema:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        for methods in document["paths"].values():
            for operation in methods.values():
                operation["responses"].pop("422", None)
        for name in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(name, None)
        keyed = {"key": {"type": "http", "scheme": "bearer"}}
        document["components"]["securitySchemes"] = keyed
        document["security"] = [{"key": []}, {}]
        app.openapi_schema = document
    return app.openapi_schema

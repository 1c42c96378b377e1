"""Errors as OpenAI words them, without anything about the inside of the server."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dynamicrag.errors import (
    BudgetError,
    BudgetExceeded,
    DynamicRAGError,
    InputError,
    ModelError,
    ModelUnavailable,
    RunsError,
)

__all__ = [
    "CLOSE",
    "JSON",
    "NO_RETRY",
    "Refused",
    "add_handlers",
    "as_json",
    "invalid",
    "refusal_of",
    "status_of",
]

_log = logging.getLogger(__name__)

JSON = "application/json"
INVALID = "invalid_request_error"
NO_RETRY = {"x-should-retry": "false"}
"""Header that stops OpenAI's clients from paying for the same failure again."""
CLOSE = {"connection": "close"}
"""Header that ends the connection, so that the rest of a refused body is not read."""
MOST = 2_000
"""Largest number of characters of a message."""


class Refused(Exception):
    """A request that is not answered.

    Args:
        status: The HTTP status.
        message: The reason, for the caller.
        kind: Kind of the error, in OpenAI's terms.
        code: The error, in OpenAI's terms; ``None`` if it has no name.
        param: The parameter at fault, if any.
        headers: Further headers of the response.
    """

    def __init__(
        self,
        status: int,
        message: str,
        kind: str = INVALID,
        code: str | None = None,
        *,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.kind, self.code, self.param = status, message, kind, code, param
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """Return the response's body."""
        error = {"message": self.message[:MOST], "type": self.kind, "param": self.param, "code": self.code}
        return {"error": error}

    def response(self) -> Response:
        """Return the response."""
        return Response(as_json(self.body()), self.status, self.headers, JSON)


def as_json(content: Any) -> bytes:
    """Return JSON in UTF-8; unpaired surrogates are replaced."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def invalid(message: str, param: str | None = None, code: str | None = None) -> Refused:
    """Return the refusal of an invalid request."""
    return Refused(400, message, param=param, code=code)


def refusal_of(error: Exception) -> Refused:
    """Return the refusal for a failure; its details are logged, and only faults of the caller are named."""
    if not isinstance(error, Refused | InputError):
        level = logging.WARNING if isinstance(error, DynamicRAGError) else logging.ERROR
        _log.log(level, "%s: %s", type(error).__name__, error)
    return _refusal(error)


def status_of(error: Exception) -> int:
    """Return the HTTP status of a failure."""
    return _refusal(error).status


def _refusal(error: Exception) -> Refused:
    if isinstance(error, Refused):
        return error
    if isinstance(error, InputError):
        return invalid(str(error).replace("config.configurable.rag", "dynamicrag"))
    if isinstance(error, BudgetExceeded):
        why = "No option fits the remaining budget of this request. Raise its budget, or ask the operator."
        return Refused(429, why, "insufficient_quota", "insufficient_quota", headers=NO_RETRY)
    if isinstance(error, ModelError):
        return _of_model(error)
    if isinstance(error, RunsError | BudgetError):
        return Refused(503, "The server cannot store its account at the moment.", "server_error")
    return Refused(500, "The server had an error while processing your request.", "server_error")


def _of_model(error: ModelError) -> Refused:
    if isinstance(error, ModelUnavailable) or error.retry_after is not None:
        wait = {"retry-after": str(max(1, round(error.retry_after or 5)))}
        return Refused(503, "The models are not available at the moment.", "server_error", headers=wait)
    why = "The model provider failed, and no other model could answer."
    return Refused(502, why, "server_error", "upstream_error", headers=NO_RETRY)


def add_handlers(app: FastAPI) -> None:
    """Let an application answer every failure in OpenAI's form."""
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Refused, _of_failure)
    app.add_exception_handler(DynamicRAGError, _of_failure)
    app.add_exception_handler(Exception, _of_failure)


async def _of_validation(request: Request, error: Exception) -> Response:  # noqa: ARG001
    assert isinstance(error, RequestValidationError), "registered for this class"
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:]) or None
    if first["type"] == "json_invalid":
        return invalid("We could not parse the JSON body of your request.").response()
    return invalid(f"{place or 'body'}: {first['msg']}", place).response()


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), "registered for this class"
    messages = {
        404: f"Invalid URL ({request.method} {request.url.path})",
        405: f"Not allowed to {request.method} on {request.url.path}",
        400: "We could not parse the JSON body of your request.",
    }
    message = messages.get(error.status_code, str(error.detail))
    return Refused(error.status_code, message, headers=error.headers).response()


async def _of_failure(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return refusal_of(error).response()

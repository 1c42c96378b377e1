"""``/v1/decisions/{query_id}``: why a query went its way."""

import math
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from dynamicrag.cost.in_thread import in_thread
from dynamicrag.errors import InputError
from dynamicrag.graph.explain import Explanation
from dynamicrag.graph.rag import DynamicRAG
from dynamicrag.serve.access import caller_of
from dynamicrag.serve.errors import JSON, as_json
from dynamicrag.serve.keys import Caller
from dynamicrag.serve.owners import check_owner, unknown_query
from dynamicrag.serve.schema import Explained

__all__ = ["router"]

router = APIRouter()
FAILED = "after failure"
"""Beginning of the reason of a decision that replaced a failed option; the provider's words follow."""


@router.get("/v1/decisions/{query_id}", response_model=Explained)
async def decisions(
    request: Request, query_id: str, caller: Annotated[Caller, Depends(caller_of)]
) -> Response:
    """Return the decisions of a query, its plans, its feedback and its cost."""
    rag: DynamicRAG = request.app.state.service.rag
    found = await in_thread(lambda: _explained(rag, query_id, caller))
    return Response(as_json(found), media_type=JSON)


def _explained(rag: DynamicRAG, query_id: str, caller: Caller) -> Any:
    check_owner(rag, query_id, caller)
    try:
        return _plain(_body(rag.explain(query_id)))
    except InputError:
        raise unknown_query(query_id) from None


def _body(found: Explanation) -> dict[str, Any]:
    """Return an explanation without the words of failed providers, which may hold addresses."""
    made = [
        {**each, "reason": FAILED if each["reason"].startswith(FAILED) else each["reason"]}
        for each in found.decisions
    ]
    return {**{key: getattr(found, key) for key in found.__dataclass_fields__}, "decisions": made}


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; a number that is not finite is ``None``."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    if isinstance(value, str | bool | int | None):
        return value
    number = float(value)
    return number if math.isfinite(number) else None

"""A route of LangGraph Server for feedback: ``POST /feedback`` with the id of a query and its score.

Its application has the lifespan of the objects behind the graphs, too.
"""

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from dynamicrag import InputError
from graphs.shared import lifespan, rag_of

KEYS = {"query_id", "score", "name", "stage"}


async def feedback(request: Request) -> JSONResponse:
    """Store a score of an answer, so that the router learns from it."""
    try:
        given = await request.json()
    except ValueError:
        return _refused("the body is not JSON")
    if not isinstance(given, dict) or not {"query_id", "score"} <= given.keys() <= KEYS:
        return _refused("expected query_id and score, and optionally name and stage")
    rag = await asyncio.to_thread(rag_of)  # all corpora share one log
    try:
        return JSONResponse({"changed": await rag.afeedback(**given)})
    except (InputError, TypeError) as error:
        return _refused(str(error))


def _refused(why: str) -> JSONResponse:
    return JSONResponse({"error": why}, status_code=400)


app = Starlette(routes=[Route("/feedback", feedback, methods=["POST"])], lifespan=lifespan)

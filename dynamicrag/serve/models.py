"""``/v1/models``: the policies, as models."""

from fastapi import APIRouter, Request

from dynamicrag.serve.errors import Refused
from dynamicrag.serve.question import policy_names
from dynamicrag.serve.schema import ModelCard, ModelList
from dynamicrag.serve.service import Service

__all__ = ["router"]

router = APIRouter()


@router.get("/v1/models")
async def list_models(request: Request) -> ModelList:
    """List the policies."""
    service: Service = request.app.state.service
    return ModelList(data=[_card(name, service) for name in policy_names(service.rag)])


@router.get("/v1/models/{model}")
async def get_model(request: Request, model: str) -> ModelCard:
    """Return one policy."""
    service: Service = request.app.state.service
    if model not in policy_names(service.rag):
        why = f"The model '{model[:200]}' does not exist"
        raise Refused(404, why, code="model_not_found", param="model")
    return _card(model, service)


def _card(name: str, service: Service) -> ModelCard:
    return ModelCard(id=name, created=service.created)

"""Reads a request: the conversation, the policy and the options of the query."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage

from dynamicrag.drafts.moves import ACCEPT
from dynamicrag.graph.rag import DynamicRAG
from dynamicrag.policy.assembly import Pipeline
from dynamicrag.serve.errors import Refused, invalid
from dynamicrag.serve.keys import Caller
from dynamicrag.serve.schema import ChatRequest, Message

__all__ = ["KEY_TAG", "Question", "policy_named", "policy_names", "question_of"]

KEY_TAG = "key:"
"""Prefix of the tag that names the key of a query's caller."""
UNSUPPORTED: Mapping[str, tuple[Any, ...]] = {
    "n": (1,),
    "tools": ([],),
    "functions": ([],),
    "tool_choice": ("none", "auto"),
    "function_call": ("none", "auto"),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "response_format": ({"type": "text"},),
    "modalities": (["text"],),
    "audio": (),
}
"""Parameters that would change the form of the answer, with their values that do not."""
MOST_IGNORED, LONGEST = 30, 60


@dataclass(frozen=True, slots=True)
class Question:
    """A checked request.

    Attributes:
        messages: The conversation; the last message is the question.
        policy: Name of the policy.
        call: The options of the call, without its policy.
        metadata: Facts that routers may use.
        user: The user whose budget pays.
        budget: Limit of that user's cost per day, by dimension.
        live: Whether text is passed on while it is written; otherwise once it is accepted.
        ignored: Parameters without effect.
    """

    messages: list[AnyMessage]
    policy: str
    call: dict[str, Any]
    metadata: dict[str, str]
    user: str
    budget: Mapping[str, float]
    live: bool
    ignored: list[str]


def policy_names(rag: DynamicRAG) -> dict[str, str]:
    """Return the names of the policies by their public names: the first one is ``""`` within."""
    return {(name or rag.pipeline.policy.name): name for name in rag.policies}


def policy_named(rag: DynamicRAG, name: str) -> Pipeline:
    """Return a policy by its public name."""
    return rag.policies[policy_names(rag)[name]]


def question_of(body: ChatRequest, caller: Caller, rag: DynamicRAG, budget: Mapping[str, float]) -> Question:
    """Check a request and return its question.

    Raises:
        Refused: The model is unknown, or a parameter is not supported.
    """
    names = policy_names(rag)
    if body.model not in names:
        why = f"The model `{body.model}` does not exist or you do not have access to it."
        raise Refused(404, why, code="model_not_found")
    extra = {name: value for name, value in (body.model_extra or {}).items() if value is not None}
    for name, valid in UNSUPPORTED.items():
        if name in extra and extra[name] not in valid:
            why = f"Unsupported parameter: '{name}' is not supported with this model."
            raise invalid(why, name, "unsupported_parameter")
    if body.messages[-1].role != "user":
        raise invalid("The last message must have the role 'user': it is the question.", "messages")
    user = body.user or ""
    return Question(
        messages=[_message(each) for each in body.messages],
        policy=body.model,
        call=_call(body, caller, names[body.model]),
        metadata=dict(body.metadata or {}),
        user=caller.name or user,
        budget=budget,
        live=_is_live(rag, names[body.model], body),
        ignored=sorted(name[:LONGEST] for name in extra if name not in UNSUPPORTED)[:MOST_IGNORED],
    )


def _call(body: ChatRequest, caller: Caller, policy: str) -> dict[str, Any]:
    given = {} if body.dynamicrag is None else body.dynamicrag.model_dump(exclude_defaults=True)
    fixed = sorted(set(given.get("filter", {})) & set(caller.filter))
    if fixed:
        raise invalid(f"dynamicrag.filter.{fixed[0]}: your API key sets it; leave it out", "dynamicrag")
    tags = given.get("tags", [])
    if any(tag.startswith(KEY_TAG) for tag in tags):
        raise invalid(f"dynamicrag.tags: tags that begin with '{KEY_TAG}' are the server's", "dynamicrag")
    own: dict[str, Any] = {"filter": {**given.get("filter", {}), **caller.filter}, "user": body.user}
    if caller.name:
        own |= {"tags": [*tags, f"{KEY_TAG}{caller.name}"]}
        own["user"] = f"{caller.name}/{body.user}"[:200] if body.user else caller.name
    if policy:
        own["policy"] = policy
    return {**given, **{name: value for name, value in own.items() if value}}


def _is_live(rag: DynamicRAG, policy: str, body: ChatRequest) -> bool:
    """Return whether no verdict can withdraw a draft."""
    forced = body.dynamicrag is not None and body.dynamicrag.options.get("verification") == ACCEPT
    return forced or all(move.name == ACCEPT for move in rag.policies[policy].verification.options)


def _message(given: Message) -> AnyMessage:
    content: Any = given.content or ""
    if isinstance(given.content, list):
        content = [part.model_dump(exclude_none=True) for part in given.content]
    if given.role == "user":
        return HumanMessage(content)
    return AIMessage(content) if given.role == "assistant" else SystemMessage(content)

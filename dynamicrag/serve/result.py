"""An answer in OpenAI's form, with the extension ``dynamicrag`` and its headers."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from dynamicrag.serve.answering import Answered
from dynamicrag.serve.question import Question

__all__ = ["completion", "extension", "finish_reason", "first_headers", "headers", "usage"]

PREFIX = "x-dynamicrag-"


def completion(answered: Answered, question: Question, created: int) -> dict[str, Any]:
    """Return the body of a response that is not streamed."""
    message = {"role": "assistant", "content": answered.text, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason(answered)}
    return {
        "id": f"chatcmpl-{answered.report['query_id']}",
        "object": "chat.completion",
        "created": created,
        "model": question.policy,
        "choices": [choice],
        "usage": usage(answered),
        "dynamicrag": extension(answered, question),
    }


def finish_reason(answered: Answered) -> str:
    """Return ``length`` for an answer that its limit cut, else ``stop``."""
    return "length" if answered.report["unfinished"] == "length" else "stop"


def usage(answered: Answered) -> dict[str, int]:
    """Return the tokens of all models that the query asked."""
    read, wrote = answered.report["tokens"]["input"], answered.report["tokens"]["output"]
    return {"prompt_tokens": read, "completion_tokens": wrote, "total_tokens": read + wrote}


def extension(answered: Answered, question: Question) -> dict[str, Any]:
    """Return the way of the query and its cost."""
    report = answered.report
    return {
        "query_id": report["query_id"],
        "policy": question.policy,
        "path": report["path"],
        "cost": report["cost"],
        "provisional": report["provisional"],
        "sources": report["sources"],
        "abstained": report["abstained"],
        "outside": report["outside"],
        "escalations": report["escalations"],
        "ignored": question.ignored,
    }


def headers(answered: Answered, question: Question) -> Mapping[str, str]:
    """Return the headers of a response that is not streamed; an amount that is not known is ``unknown``."""
    report = answered.report
    amounts = {name: figure["value"] for name, figure in report["cost"].items()}
    return {
        **first_headers(report["query_id"], question),
        f"{PREFIX}path": quote("/".join(report["path"].values()), safe="/:"),
        **{
            f"{PREFIX}{name.replace('_', '-')}": "unknown" if value is None else f"{value:.6g}"
            for name, value in amounts.items()
        },
    }


def first_headers(query_id: str, question: Question) -> dict[str, str]:
    """Return the headers that are known when an answer begins."""
    return {f"{PREFIX}query-id": query_id, f"{PREFIX}policy": quote(question.policy)}

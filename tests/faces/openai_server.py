"""A server with OpenAI's protocol that calls tools as told, for the standard tests of chat models."""

import json
import re
from typing import Any

from dynamicrag.testing.server import delta, said, used

GREETING = "Hello! How are you?"
NAMED = re.compile(r"'([^']+)'")


def script(body: dict[str, Any]) -> Any:
    """Return the reply to a request: a call of the tool that is asked for, or a greeting."""
    call = _call(body)
    if not body.get("stream"):
        return _whole(body, call)
    if call is None:
        chunks = [*said(GREETING)[:-1]]
    else:
        pieces = [{"index": 0, **call}]
        chunks = [delta(delta={"role": "assistant", "tool_calls": pieces}), delta(finish="tool_calls")]
    return [*({**chunk, "model": body["model"]} for chunk in [*chunks, used()])]


def _whole(body: dict[str, Any], call: dict[str, Any] | None) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None if call else GREETING}
    if call:
        message["tool_calls"] = [call]
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if call else "stop"}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    about = {"id": "c", "object": "chat.completion", "created": 1, "model": body["model"]}
    return {**about, "choices": [choice], "usage": usage}


def _call(body: dict[str, Any]) -> dict[str, Any] | None:
    tools = {tool["function"]["name"]: tool["function"] for tool in body.get("tools", ())}
    last = body["messages"][-1]
    if not tools or last["role"] != "user":
        return None
    choice = body.get("tool_choice", "auto")
    name = choice["function"]["name"] if isinstance(choice, dict) else next(iter(tools))
    text = last["content"] if isinstance(last["content"], str) else last["content"][0]["text"]
    schema = tools[name].get("parameters", {})
    needed = schema.get("required", list(schema.get("properties", {})))
    arguments = {key: _value(schema["properties"][key], text) for key in needed}
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {"id": "call_1", "type": "function", "function": function}


def _value(schema: dict[str, Any], text: str) -> Any:
    if schema.get("type") in ("integer", "number"):
        return int(next(iter(re.findall(r"\d+", text)), "1"))
    quoted = NAMED.search(text)
    return quoted[1] if quoted else "a text"

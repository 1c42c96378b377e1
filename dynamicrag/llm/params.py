"""Checks a policy's parameters for a model's constructor, before anything is imported or called."""

import inspect
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from dynamicrag.errors import PolicyError, unknown
from dynamicrag.plain_values import shown
from dynamicrag.registry import checked

OURS = ("name", "spec", "model", "model_provider", "configurable_fields", "config_prefix", "self")
"""Arguments set by this package, or that would turn a model into something else."""
ADDRESSES = ("base_url", "openai_api_base", "azure_endpoint", "endpoint")
COUNTS = {
    "context": (1, "a number of tokens, 1 or more"),
    "max_retries": (0, "how often to ask again, 0 or more"),
}
LOCAL_COUNTS = {
    "context": COUNTS["context"],
    "slots": (1, "a number of requests at a time, 1 or more"),
    "threads": (1, "a number of threads, 1 or more"),
}


def check_params(spec: str, params: Mapping[str, Any], where: str) -> None:
    """Refuse parameters that no model accepts.

    Args:
        spec: ``provider:model``.
        params: The policy's parameters.
        where: Place of ``params`` in the policy, for messages.

    Raises:
        PolicyError: A name is reserved or invalid, an address is invalid, or a type is wrong.
    """
    for key in params:
        if key in OURS:
            raise PolicyError(f"{where}.{key}: is set by 'model' itself; remove it")
        if not str(key).isidentifier():
            raise PolicyError(f"{where}: {shown(key)} is not a parameter's name; write it as in base_url")
    if spec.startswith("local:"):
        _check_local(spec, params, where)
        return
    for key in ADDRESSES:
        if params.get(key) is not None:
            _check_address(params[key], f"{where}.{key}")
    _check_counts(params, where, COUNTS)


def _check_counts(params: Mapping[str, Any], where: str, counts: Mapping[str, tuple[int, str]]) -> None:
    for key, (least, what) in counts.items():
        count = params.get(key)
        if count is not None and not (type(count) is int and count >= least):
            raise PolicyError(f"{where}.{key}: expected {what}, got {shown(count)}")


def _check_local(spec: str, params: Mapping[str, Any], where: str) -> None:
    from dynamicrag.llm.local_chat import LocalChatModel

    own = set(inspect.signature(LocalChatModel).parameters) - {"name", "spec"}
    for key in params:
        if key not in own:
            raise PolicyError(unknown(where, "parameter", key, own))
    _check_counts(params, where, LOCAL_COUNTS)
    checked(LocalChatModel, {"name": "", "spec": spec, **params}, where)


def _check_address(address: object, where: str) -> None:
    mend = "write it as in http://127.0.0.1:8000/v1"
    if not isinstance(address, str):
        raise PolicyError(f"{where}: expected an address, got {shown(address)}; {mend}")
    said = "the address with a user" if "@" in address else shown(address)  # it may have a password
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        why = "" if "@" in address else f" ({error})"
        raise PolicyError(f"{where}: {said} is not an address{why}; {mend}") from None
    if not good or any(character.isspace() or not character.isprintable() for character in address):
        raise PolicyError(f"{where}: {said} is not an http or https address; {mend}")

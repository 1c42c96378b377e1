"""The message of the first mistake in a policy: the place, the problem, the valid values."""

from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from dynamicrag.errors import unknown
from dynamicrag.plain_values import shown


def message(error: ValidationError, source: str, kind: type[BaseModel], at: Sequence[str] = ()) -> str:
    """Return the message of the first mistake: the place, the problem and the valid values.

    ``kind`` is the checked class, and ``at`` its place in the policy.
    """
    first = error.errors()[0]
    # if a value may have two forms, the error in its actual form is the deepest
    alike = [each for each in error.errors() if _place(each)[: len(_place(first))] == _place(first)]
    first = max(alike, key=lambda each: len(_place(each)))
    place = _place(first)
    prefix = f"{source}: " if source else ""
    where, given = prefix + ".".join([*at, *place]), first["input"]
    if first["type"] == "extra_forbidden":
        parent = prefix + ".".join([*at, *place[:-1]] or ["top level"])
        return unknown(parent, "key", place[-1], _keys_at(kind, place[:-1]))
    if not isinstance(given, str) and (first["type"] == "invalid_key" or place[-1:] == ["[key]"]):
        parent = prefix + ".".join([*at, *place[: -2 if place[-1] == "[key]" else -1]] or ["top level"])
        return f"{parent}: the key {shown(given)} is not a text; put it in quotes"
    if first["type"] == "missing":
        mend = "; name one, or give from_policy objects: models={'small': chat_model}"
        return f"{where}: is missing{mend if [*at, *place] == ['models'] else ''}"
    if first["type"] == "literal_error" and place and isinstance(given, str):
        valid = str(first.get("ctx", {}).get("expected", "")).replace(" or ", ", ").replace("'", "")
        return unknown(where.removesuffix(f".{place[-1]}"), "value", given, valid.split(", "))
    secret = place[-1:] in (["address"], ["vectors"])  # it may have a password
    shows = not isinstance(given, dict | list) and not secret
    got = f", got {shown(given)}" if shows else ""
    return f"{where}: {first['msg'].removeprefix('Value error, ')}{got}"


def _place(mistake: Any) -> list[str]:
    """Return the place of a mistake, without the names of the forms that were tried."""
    forms = ("function-", "dict[", "list[")
    return [str(part) for part in mistake["loc"] if not str(part).startswith(forms)]


def fields(section: type[BaseModel]) -> list[str]:
    """Return the keys of a section."""
    return [name for name, field in section.model_fields.items() if not field.exclude]


def _keys_at(checked: type[BaseModel], place: Sequence[str]) -> list[str]:
    """Return the valid keys at a place of the checked class."""
    kind: Any = checked
    for part in place:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = kind.model_fields[part].annotation
            kind = get_args(kind)[0] if type(None) in get_args(kind) else kind
        else:  # a mapping of sections by name
            kind = get_args(kind)[-1]
    return fields(kind) if isinstance(kind, type) and issubclass(kind, BaseModel) else []

"""The page of the policy: every section and key, from the pydantic models."""

from collections.abc import Iterator
from typing import Any, get_args

from prose import Doc, default, in_words, table
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from sphinx_roles import as_markdown

from dynamicrag.drafts.verification import Verification
from dynamicrag.policy.file import section_kinds
from dynamicrag.policy.policy import Policy
from dynamicrag.stages.base import STAGES
from dynamicrag.stages.section import StageSection
from dynamicrag.topology import TOPOLOGY, VERIFICATION

INTRODUCTION = """# Policy

A policy is one YAML file. This page lists all of its keys. A key that is not listed is an error. [Names in
a policy](names.md) lists what can stand where a *spec* is expected: a spec is a name, or `{name:
{parameter: value}}`. `dynamicrag validate FILE` checks a policy without running it, and `dynamicrag
validate --schema` prints the JSON Schema, with which editors complete and check policies.
"""
STAGES_INTRODUCTION = """## `stages`

One section a stage, in this order. Options are listed weakest (cheapest) first. A stage that the policy
does not name has one plain option, or is left out.
"""
SPEC = "spec"
BOUNDS = {
    "ge": "from {}",
    "gt": "above {}",
    "le": "at most {}",
    "lt": "below {}",
    "min_length": "at least {}",
}


def page() -> str:
    """Return the page."""
    parts = [INTRODUCTION, "## The whole file\n", _keys(Policy)]
    for place, kind in sections(Policy):
        parts += [f"## `{place}`\n", f"{Doc(kind).first}\n", _keys(kind)]
    parts.append(STAGES_INTRODUCTION)
    for name, section in section_kinds().items():
        parts += [f"### `stages.{name}`\n", f"{_about(name)}\n", _keys(section)]
    return "\n".join(parts)


def sections(kind: type[BaseModel], place: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield the sections below a section, each with its place in the file."""
    for name, field in kind.model_fields.items():
        for below in _models(field.annotation):
            if not issubclass(below, StageSection) and not field.exclude:
                named = ".NAME" if "dict" in str(field.annotation) else ""
                at = f"{place}{name}{named}"
                yield at, below
                yield from sections(below, f"{at}.")


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [each for part in get_args(annotation) for each in _models(part)]


def _keys(kind: type[BaseModel]) -> str:
    said = Doc.of_all(kind).named
    rows = [
        (f"`{name}`", _type(field), _default(field), as_markdown(field.description or said.get(name, "")))
        for name, field in kind.model_fields.items() if not field.exclude
    ]  # fmt: skip
    return table(("key", "type", "default", "what it does"), rows)


def _type(field: FieldInfo) -> str:
    words = in_words(field.annotation, _link)
    words = words.replace("text or mapping: text → any value", SPEC)
    bounds = [
        text.format(f"{getattr(each, key):,}") for each in field.metadata for key, text in BOUNDS.items()
        if getattr(each, key, None) is not None
    ]  # fmt: skip
    return f"{words} ({', '.join(bounds)})" if bounds else words


def _link(kind: type) -> str:
    return "section" if issubclass(kind, BaseModel) else f"`{kind.__name__}`"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default is PydanticUndefined or isinstance(field.default, BaseModel):
        return ""
    return default(field.default)


def _about(stage: str) -> str:
    """Return what a stage's options are, and what it does where a policy does not name it."""
    doc = Doc(Verification if stage == VERIFICATION else STAGES[stage])
    plain = TOPOLOGY[stage].plain
    if plain is None:
        absent = "Without this section there is no such stage."
    elif options := plain.get("options"):
        absent = f"Without this section its one option is `{next(iter(options))}`."
    else:
        absent = "Without this section all models are its options."
    return f"{doc.text}\n\n{absent}"

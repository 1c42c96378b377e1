"""The JSON Schema of a policy, for editors that complete and check YAML.

An editor with the YAML language server reads the first line of a policy::

    # yaml-language-server: $schema=policy.schema.json

It describes the sections and their values, and offers the registered names, including those of installed
plugins, with their parameters. Unknown names pass, because a policy may have its own plugins; ``dynamicrag
validate`` checks whether they exist.
"""

from collections.abc import Iterable
from typing import Any

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.profiles import load_profiles
from dynamicrag.llm.catalogue import catalogue
from dynamicrag.llm.prompts.base import PROMPTS
from dynamicrag.policy.file import section_kinds
from dynamicrag.policy.policy import Policy
from dynamicrag.registry import Registry, parameters_schema
from dynamicrag.retrieval.base import RETRIEVERS
from dynamicrag.routers.base import ROUTERS
from dynamicrag.routers.build import names
from dynamicrag.stages.descriptions import DESCRIPTION, DESCRIPTION_SCHEMA
from dynamicrag.verify.base import VERIFIERS

__all__ = ["policy_schema"]

ANY_SPEC: dict[str, Any] = {
    "anyOf": [{"type": "string"}, {"type": "object", "properties": {}}, {"type": "null"}]
}
"""Schema of a spec whose parameters are checked only when it is built."""
DIALECT = "https://json-schema.org/draft/2020-12/schema"
AMOUNTS = (("BudgetSection", "per_query"), ("BudgetSection", "total"), ("ObjectiveSection", "weights"))
"""Places of amounts by cost dimension in a policy."""


def policy_schema() -> dict[str, Any]:
    """Return the schema; plain JSON."""
    schema = Policy.model_json_schema()
    kinds = {name: kind.model_json_schema() for name, kind in section_kinds().items()}
    for kind in kinds.values():
        schema["$defs"].update(kind.pop("$defs", {}))
    # the stages of the topology, including user-defined ones
    schema["$defs"].update({f"stages.{name}": kind for name, kind in kinds.items()})
    properties = {name: {"$ref": f"#/$defs/stages.{name}"} for name in kinds}
    schema["properties"]["stages"] = {
        "type": ["object", "null"], "properties": properties, "additionalProperties": False
    }  # fmt: skip
    for name, field in Policy.model_fields.items():
        if field.exclude:  # set from the file's name, not in the file
            del schema["properties"][name]
    sections = schema["$defs"]
    for section in [schema, *sections.values()]:
        fields = section.get("properties", {})
        for name in fields:
            fields[name].pop("title", None)
        if "router" in fields:
            fields["router"] = _spec(ROUTERS, names())
        if "verifiers" in fields:
            fields["verifiers"]["items"] = _spec(VERIFIERS)
    for name in kinds:
        sections[f"stages.{name}"]["properties"]["options"] = _options({}, _described(ANY_SPEC))
    retriever, prompt = sections["stages.retriever"]["properties"], sections["stages.prompt"]["properties"]
    retriever["options"] = _options({}, _described(_spec(RETRIEVERS)))
    retriever["parts"] = _options({}, _spec(RETRIEVERS))
    # an option with a prompt's name may have only its parameters
    own = {name: _described({"anyOf": [_parameters(PROMPTS, name), _spec(PROMPTS)]}) for name in PROMPTS}
    prompt["options"] = _options(own, _described(_spec(PROMPTS)))
    for section, name in AMOUNTS:
        sections[section]["properties"][name]["propertyNames"] = {"enum": list(DIMENSIONS)}
    local = [f"local:{name}" for name, entry in catalogue().items() if entry.kind == "chat"]
    sections["ModelSection"]["properties"]["model"]["examples"] = [*local, *load_profiles().models]
    return {**schema, "$schema": DIALECT, "title": "A policy of DynamicRAG"}


def _options(named: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a stage's options: their names, or their specs by name."""
    specs = {"type": "object", "properties": named, "additionalProperties": spec}
    return {"anyOf": [{"type": "array", "items": {"type": "string"}}, specs, {"type": "null"}]}


def _described(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an option's spec, beside which a description may stand."""
    if "anyOf" in spec:
        return {"anyOf": list(map(_described, spec["anyOf"]))}
    if "properties" not in spec:
        return spec
    made = {**spec, "properties": {**spec["properties"], DESCRIPTION: DESCRIPTION_SCHEMA}}
    if "maxProperties" in spec:
        made |= {"minProperties": 0, "maxProperties": spec["maxProperties"] + 1}
    return made


def _parameters(registry: Registry[Any], name: str) -> dict[str, Any]:
    """Return the schema of the parameters of a registered class."""
    return {"type": ["object", "null"], **parameters_schema(registry[name])}


def _spec(registry: Registry[Any], further: Iterable[str] = ()) -> dict[str, Any]:
    """Return the schema of a name or ``{name: {parameter: value}}``, which offers the known names.

    The parameters of further names are not checked.
    """
    listed = sorted({*registry, *further})
    one = {
        "type": "object",
        "properties": {
            name: _parameters(registry, name) if name in registry else {"type": ["object", "null"]}
            for name in listed
        },
        "additionalProperties": {"type": ["object", "null"]},  # a plugin's
        "minProperties": 1,
        "maxProperties": 1,
    }
    return {"anyOf": [{"enum": listed}, {"type": "string"}, one, {"type": "null"}]}

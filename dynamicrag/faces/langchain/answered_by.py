"""Finds out which model answered a call, by the message's own model name."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from dynamicrag.cost.profiles import Profile, load_profiles
from dynamicrag.types import Runs

if TYPE_CHECKING:
    from dynamicrag.policy.assembly import Pipeline

_ENDING = re.compile(r"-(\d{4}-\d{2}-\d{2}|20\d{6}|latest)$")
"""A date or another ending that does not change a model's price."""


class Callee(NamedTuple):
    """The model of a call.

    Attributes:
        label: Its option in the policy; its spec if it is no option.
        spec: ``provider:model``.
        profile: Its coefficients.
    """

    label: str
    spec: str
    profile: Profile


def asked_model(metadata: Mapping[str, Any] | None) -> str:
    """Return the model that a call asks, ``provider:model``, from LangChain's metadata; ``""`` if unknown."""
    given = metadata or {}
    name, provider = given.get("ls_model_name"), given.get("ls_provider")
    return f"{provider or 'unknown'}:{name}" if name else ""


def callee_of(pipeline: "Pipeline", chosen: str, asked: str, reply: Mapping[str, Any]) -> Callee:
    """Return the model that answered a call of the chosen option.

    The call asked the model ``asked``, by :func:`asked_model`; ``reply`` is the message's
    ``response_metadata``, empty for a failed call.
    """
    own = Callee(chosen, pipeline.models[chosen].spec, pipeline.profiles[chosen])
    name = str(reply.get("model_name") or reply.get("model") or "")
    provider = str(reply.get("model_provider") or "") or asked.partition(":")[0]
    foreign = bool(asked) and _name(asked) != _name(own.spec)
    if not name:
        return _option(pipeline, asked) or _known(asked) if foreign else own
    if not foreign and _name(name) == _name(own.spec):
        return own
    spec = f"{provider}:{name}"
    option = _option(pipeline, spec)
    if option is not None:
        return option
    # a server may answer under another name than the one it was asked by; only a listed price tells more
    return _known(spec) if foreign or _listed(spec) else own


def _option(pipeline: "Pipeline", spec: str) -> Callee | None:
    for label, model in pipeline.models.items():
        if _name(model.spec) == _name(spec):
            return Callee(label, model.spec, pipeline.profiles[label])
    return None


def _known(spec: str) -> Callee:
    runs: Runs = "same_host" if spec.startswith("ollama:") else "remote"
    profile = load_profiles().of(spec, runs)
    return Callee(spec, spec, replace(profile, runs=runs))


def _listed(spec: str) -> bool:
    models = load_profiles().models
    return spec in models or _ENDING.sub("", spec) in models


def _name(spec: str) -> str:
    """Return a model's name without provider, folder and date."""
    return _ENDING.sub("", spec.partition(":")[2] or spec).rpartition("/")[2].lower()

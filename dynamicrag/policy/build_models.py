"""Builds the models of a policy with their profiles, and stand-in prices for models of unknown price."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace

from dynamicrag.cost.ability import with_accuracy
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.profiles import Profile, Profiles, most_expensive, override
from dynamicrag.errors import PolicyError, unknown
from dynamicrag.llm.build import chat_model
from dynamicrag.llm.chat import ChatModel
from dynamicrag.llm.params import check_params
from dynamicrag.policy.objects import Objects
from dynamicrag.policy.policy import Policy
from dynamicrag.policy.sharing import Shared

__all__ = ["check_model", "make_models", "profiles_of"]

_log = logging.getLogger(__name__)


def make_models(policy: Policy, objects: Objects, shared: Shared) -> dict[str, ChatModel]:
    """Return the chat models of a policy by name, weakest first; each is loaded on first use.

    Args:
        policy: The policy.
        objects: The caller's objects.
        shared: The models of the object's other policies, for reuse.

    Raises:
        PolicyError: A model is invalid, or the helper is none of them.
        ModelUnavailable: A model does not exist.
    """
    models = {}
    for name, section in policy.models.items():
        # an observing policy keeps the models' temperature; prices do not distinguish models
        alike = ("model", name, section.model, section.params, section.runs, policy.observe)
        models[name] = shared.get(alike) or shared.one(alike, _model(policy, name, objects))
    if policy.helper is not None:
        check_model(policy.helper, models, policy.where("helper"))
    return models


def check_model(name: str, models: Mapping[str, ChatModel], where: str) -> None:
    """Refuse the name of a model that the policy lacks.

    Raises:
        PolicyError: It lacks it.
    """
    if name not in models:
        raise PolicyError(unknown(where, "model", name, models))


def _model(policy: Policy, name: str, objects: Objects) -> ChatModel:
    where, section = policy.where("models", name), policy.models[name]
    model = objects.model(name, section, where)
    if model is None:
        check_params(section.model, section.params, f"{where}.params")
        model = chat_model(name, section.model, **section.params)
        if section.runs not in (None, model.runs) and model.runs == "in_process":
            raise PolicyError(f"{where}.runs: {section.model} runs in this process; remove this")
        model.runs = section.runs or model.runs
    return model


def profiles_of(policy: Policy, models: Mapping[str, ChatModel], known: Profiles) -> dict[str, Profile]:
    """Return the profile of every model, with the policy's coefficients and ability.

    A remote model without a ``context`` gets that of its profile.

    Raises:
        PolicyError: A coefficient is invalid, or a limit in usd could not be enforced.
    """
    profiles = {}
    for name, model in models.items():
        section, where = policy.models[name], policy.where("models", name, "profile")
        profile = replace(known.of(model.spec, model.runs), runs=model.runs, server=_server(model))
        profiles[name] = with_accuracy(override(profile, section.profile, where), section.ability)
        if model.runs == "remote" and model.context is None:
            model.context = profile.context
    specs = {name: model.spec for name, model in models.items()}
    return _priced(profiles, specs, [*known.models.values(), *profiles.values()], policy)


def _server(model: ChatModel) -> str:
    return str(model.address) if model.runs == "same_host" and model.address is not None else ""


def _priced(
    profiles: Mapping[str, Profile], specs: Mapping[str, str], all_known: Iterable[Profile], policy: Policy
) -> dict[str, Profile]:
    """Return the profiles with a stand-in for every unknown price, for choosing only.

    Raises:
        PolicyError: There is a limit in usd, which could not be enforced.
    """
    stand_in = most_expensive(all_known)
    unknown_ = [name for name, profile in profiles.items() if not profile.priced]
    budget = policy.objective.budget
    for scope, limits in (("per_query", budget.per_query), ("total", budget.total)):
        priced = next((d for d in limits if DIMENSIONS.source(d) == "usd"), None)
        if unknown_ and priced is not None:
            name = unknown_[0]
            raise PolicyError(
                f"{policy.where('objective', 'budget', scope, priced)}: no price is known of model {name!r} "
                f"({specs[name]}), so the limit cannot be enforced; set it in usd per token: "
                f"models.{name}.profile.usd: {{input: 1.0e-6, output: 2.0e-6}}, or 0 if it is free"
            )
    if unknown_ and policy.objective.weights.get("usd"):
        _log.warning(
            "objective.weights.usd: no price is known of %s; options with it are compared at the highest "
            "known price. Give models.NAME.profile.usd: {input: ..., output: ...} in usd per token",
            ", ".join(unknown_),
        )
    return {
        name: profile if profile.priced else replace(profile, usd=stand_in)
        for name, profile in profiles.items()
    }

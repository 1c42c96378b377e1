"""The profiles of a policy's models, with stand-in prices for models without a known price."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace

from dynamicrag.cost.ability import with_accuracy
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.profiles import Profile, Profiles, most_expensive, override
from dynamicrag.errors import PolicyError
from dynamicrag.llm.chat import ChatModel
from dynamicrag.policy.policy import Policy

__all__ = ["profiles_of"]

_log = logging.getLogger(__name__)


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

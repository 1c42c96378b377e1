"""Stand-in prices for models without a known price."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.profiles import Profile, most_expensive
from dynamicrag.errors import PolicyError
from dynamicrag.policy import Policy

__all__ = ["priced_all"]

_log = logging.getLogger(__name__)


def priced_all(
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

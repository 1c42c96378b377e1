"""Rates the options of ``retrieval``: whether to search, how often, and whether to use the last passages."""

import numpy as np
from numpy.typing import NDArray

from dynamicrag.features.needless import needless
from dynamicrag.priors.context import ContextPrior
from dynamicrag.routers.base import StageContext
from dynamicrag.routers.outlook import UNNEEDED, UNREAD, Outlook, Rated

CONTINUED = 0.1
"""Increase of the logit by the passages of the turn before, if a question goes on and they have its words."""
LEFT_BEHIND = 1.5
"""Decrease of the logit by these passages alone, otherwise."""
DISTRACTED = 0.5
"""Decrease of the logit by passages that a question does not need."""


def rate(outlook: Outlook, context: StageContext, vector: NDArray[np.float32] | None) -> Rated:
    """Rate the options of ``retrieval``; arguments as for :meth:`Outlook.rate`."""
    names = [option.name for option in context.options]
    skip = needless(context.features)
    model = outlook.planned(context, "generator")
    shift, _ = outlook.others(context, "retrieval")
    rows = outlook.base(context, vector, [model], ["single"])
    single = float(rows.logit[0, 0]) + shift
    gain = _gain(outlook, context, vector, model)
    spared = UNNEEDED - DISTRACTED
    on, had = context.features.get("leans", 0.0), bool(context.features.get("last_passages"))
    whole = on == 1.0 and context.features.get("last_matched") == 1.0
    logits = {
        "none": UNNEEDED if skip else UNREAD,
        "reuse": single + (CONTINUED if whole else -LEFT_BEHIND),
        "single": spared if skip else single,
        "extend": single + (CONTINUED / 2 if on and had else -CONTINUED),
        "iterative": spared if skip else single + gain,
    }
    reasons = {
        "none": skip or "the documents are needed",
        "reuse": "the passages of the turn before have its words" if whole else "it asks for more",
        "extend": "it continues the turn before" if on and had else "a question of its own",
        "iterative": "a question of several hops" if gain > 0 else "one round suffices",
    }
    logit = [logits.get(name, logits["single"]) for name in names]
    spread = np.full(len(names), float(rows.spread[0, 0]))
    return Rated(np.array(logit), [reasons.get(name, "") for name in names], spread)


def _gain(outlook: Outlook, context: StageContext, vector: NDArray[np.float32] | None, model: str) -> float:
    """Return the gain in logits of several rounds of retrieval over one.

    It is 0 unless the question probably needs several passages: rounds take time, and may drift away from
    a plain question. The public tables know the gain for an average search; it is scaled by how often the
    planned search and context miss something here. The helper reasons between the rounds, so its ability
    counts if it is the lower one; below the models of the tables, no gain is known.
    """
    context_prior, planned = outlook.stages.shifts.get("context"), context.plan.get("context")
    if outlook.helper is None or not isinstance(context_prior, ContextPrior) or planned is None:
        return 0.0
    if context_prior.hop_share(context.features) <= 0.5:
        return 0.0
    weaker = min((model, outlook.helper), key=outlook.ability)
    if outlook.ability(weaker) < outlook.generation.abilities[0]:
        return 0.0
    rows = outlook.base(context, vector, [weaker], ["single", "iterative"])
    signals = outlook.signals(context)
    retriever = context.plan.get("retriever")
    if retriever is not None:
        signals["links"] = float("links" in retriever.params.get("finds", ()))
    missed = (1.0 - context_prior.holds(planned, signals)) / (1.0 - context_prior.reference)
    return max(0.0, float(rows.logit[1, 0] - rows.logit[0, 0])) * min(1.0, missed)

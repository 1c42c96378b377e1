"""The stages of the prior that shift the logit, by name."""

import json
from collections.abc import Mapping
from importlib.resources import files

from dynamicrag.predictors.state import State
from dynamicrag.priors.context import ContextPrior
from dynamicrag.priors.prompt import PromptPrior
from dynamicrag.priors.rerank import RerankPrior
from dynamicrag.priors.retriever import RetrieverPrior
from dynamicrag.priors.rewrite import RewritePrior
from dynamicrag.priors.shifts import StagePrior
from dynamicrag.priors.verification import VerificationPrior

SHIFTS: Mapping[str, type[StagePrior]] = {
    "rewrite": RewritePrior,
    "retriever": RetrieverPrior,
    "rerank": RerankPrior,
    "context": ContextPrior,
    "prompt": PromptPrior,
}


def from_states(state: State) -> dict[str, StagePrior]:
    """Return the part of every stage from a state that holds all of them by name.

    Raises:
        KeyError: A part is missing.
        PolicyError: A part is damaged.
    """
    return {name: part.from_state(state.part(name)) for name, part in SHIFTS.items()}


def provisional() -> tuple[dict[str, StagePrior], VerificationPrior]:
    """Return the parts with their first coefficients, until they are in the shipped file."""
    state = State(json.loads((files("dynamicrag.priors") / "data" / "stages.json").read_text("utf-8")))
    return from_states(state), VerificationPrior.from_state(state.part("verification"))

"""The strategy and the ability of the model behind an option's name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dynamicrag.cost.ability import logit
from dynamicrag.cost.profiles import load_profiles
from dynamicrag.errors import InputError, unknown
from dynamicrag.priors.generation import CENTRE, STRATEGIES


@dataclass(frozen=True, slots=True)
class Behind:
    """The parts of an option that the prior knows.

    Attributes:
        strategy: Its retrieval strategy; ``none`` if its name has none.
        theta: Ability of its model.
        known: Whether the ability is given, listed, or assumed from the model's size.
    """

    strategy: str
    theta: float
    known: bool


def behind(options: Sequence[str], given: Mapping[str, float]) -> list[Behind]:
    """Return the strategy and ability of every option, from names such as ``single/gpt-4o``.

    A model of unknown ability counts as average.

    Args:
        options: Names of options, their parts joined by ``/``.
        given: Accuracy on MMLU by option or model.

    Raises:
        InputError: A given name is neither an option nor part of one.
    """
    valid = {name for option in options for name in (option, *option.split("/"))} - set(STRATEGIES)
    for name in given:
        if name not in valid:
            raise InputError(unknown("--ability", "option or model", name, sorted(valid)))
    abilities = load_profiles().abilities
    found = []
    for option in options:
        parts = option.split("/")
        strategy = next((part for part in parts if part in STRATEGIES), STRATEGIES[0])
        theta = next((logit(given[name]) for name in (option, *parts) if name in given), None)
        for part in parts if theta is None else ():
            if part not in STRATEGIES and (ability := abilities.of(f"openai:{part}")) is not None:
                theta = ability.theta
        found.append(Behind(strategy, CENTRE if theta is None else theta, theta is not None))
    return found

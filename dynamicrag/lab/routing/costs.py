"""The cost of an evaluation: facts of a table, given costs, or none."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dynamicrag.errors import InputError, unknown
from dynamicrag.lab.outcomes.table import OutcomeTable
from dynamicrag.predictors.checks import Floats

PREFERRED = ("usd", "joules", "input_tokens+output_tokens", "output_tokens", "retrieval_steps", "seconds")
"""The default costs, in order of preference: the first that every option has and that is not 0."""


def costs_of(table: OutcomeTable, name: str, given: Mapping[str, float]) -> Floats:
    """Return the cost, (n, k): facts joined by ``+``, and the given costs where the table has none.

    Raises:
        InputError: The table lacks a fact.
    """
    if not name:
        return np.zeros(table.quality.shape)
    parts = [part.strip() for part in name.split("+")]
    replaced = set(table.options) <= given.keys()
    missing = [part for part in parts if part not in table.facts]
    if missing and not replaced:
        mend = "give each option's with --option-cost OPTION=NUMBER"
        if not table.facts:
            raise InputError(
                f"{table.name}: has no costs, so {name!r} is none of them; leave --cost out to judge by "
                f"quality alone, or {mend}"
            )
        raise InputError(f"{unknown(table.name, 'cost', missing[0], table.facts)}; or {mend}")
    total = np.full(table.quality.shape, np.nan if missing else 0.0)
    for part in parts if not missing else ():
        total += table.fact(part)
    for option, value in given.items():
        if option in table.options:
            column = total[:, table.options.index(option)]
            column[np.isnan(column)] = value
    return total


def default_cost(
    train: OutcomeTable, judged: OutcomeTable, options: Sequence[str], given: Mapping[str, float],
    notes: list[str],
) -> str:  # fmt: skip
    """Return the first cost of :data:`PREFERRED` that both tables have; ``""`` and a note if none is known.

    Raises:
        InputError: The given costs leave an option without one.
    """
    for name in PREFERRED:
        if set(name.split("+")) <= set(train.facts) & set(judged.facts):
            costs = [costs_of(table.only(options), name, given) for table in (train, judged)]
            # local models cost no dollars: a cost of 0 everywhere cannot be saved
            if all(np.isfinite(c).any(axis=0).all() and np.nansum(c) > 0 for c in costs):
                return name
    if set(options) <= given.keys():
        return "cost"
    if given:
        lacking = ", ".join(option for option in options if option not in given)
        raise InputError(f"--option-cost: no cost is known of {lacking}; give theirs too, or name a --cost")
    facts = [name for name in judged.facts if name in train.facts]
    notes.append(
        "no cost is known, so the routers are judged by quality alone; name one with --cost "
        f"({', '.join(facts) or 'the table has none'}) or give each option's with --option-cost"
    )
    return ""


def kinds_of(table: OutcomeTable, cost: str) -> set[str]:
    """Return the provenances of a cost in a table."""
    parts = {part.strip() for part in cost.split("+")}
    outcomes: list[Any] = [outcome for row in table.rows for outcome in row.outcomes.values()]
    return {outcome.kinds[part] for outcome in outcomes for part in parts & outcome.kinds.keys()}

"""From one run's record and account to its outcome; and the outcome's quality by any score."""

import math
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.ledger import Ledger
from dynamicrag.features.lexical import lexical
from dynamicrag.lab.outcomes.table import Outcome, Row
from dynamicrag.lab.record.paths import Steps
from dynamicrag.lab.record.searches import Search, uncharged
from dynamicrag.types import Usage
from dynamicrag.verify.base import VERIFY
from dynamicrag.verify.unanswerable import is_refusal

EXACT = ("f1", "em", "contains")
SCORES = (*EXACT, "similarity", "judge")
OBEYED = "judge_obeyed"
"""Fact: 1 if the judge said yes or no, 0 if it said anything else."""
_LEXICAL = frozenset(lexical("a"))


def outcome_of(record: Mapping[str, Any], steps: Steps, ledger: Ledger, used: Sequence[Search]) -> Outcome:
    """Return the outcome of a settled run, cached retrievals included; its quality is NaN for now.

    Args:
        record: From :func:`dynamicrag.lab.run.settled`.
        steps: The path.
        ledger: Holds its account.
        used: Its retrievals.
    """
    lines = ledger.account(record["turn"]).lines
    searched = [line for line in lines if line.stage == "retriever" and line.label == steps.get("retriever")]
    extra, more = uncharged(ledger, used, searched)
    cost = ledger.cost(record["turn"]) + extra
    usage = reduce(add, [line.usage for line in lines], more) if lines else Usage()
    dimensions = [name for name in DIMENSIONS if name != "tokens"]  # tokens are counted by kind below
    # an unknown amount is left out rather than 0
    facts: dict[str, float] = {d: value for d in dimensions if (value := cost.known(d)) is not None}
    facts |= {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
        "cpu_seconds": usage.cpu_seconds,
        "retrieval_steps": len(searched),
    }
    # the cost of each verifier, which is part of the sums: a policy without it would not have paid it
    for stage, spent in ledger.stages(lines).items():
        if stage.startswith(VERIFY):
            verifier = stage.removeprefix(VERIFY)
            facts |= {f"{verifier}_{d}": value for d in dimensions if (value := spent.known(d)) is not None}
    answer = record.get("answer")
    if answer is not None:
        facts["abstained"] = float(record["abstained"] or is_refusal(answer))
    facts |= {score: record[score] for score in EXACT if score in record}
    return Outcome(
        quality=math.nan,
        facts={name: float(value) for name, value in facts.items()},
        signals=_signals(record["decisions"]),
        kinds={dimension: cost.kind(dimension) for dimension in dimensions if cost.known(dimension)},
        path=steps,
        answer=answer,
        error=record.get("error"),
    )


def _signals(decisions: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the features of all decisions, without those that the question's words give by themselves."""
    features = (feature for decision in decisions for feature in decision["features"].items())
    return {name: value for name, value in features if name not in _LEXICAL}


def only_outcome(row: Row) -> Outcome:
    """Return the outcome of a row that holds one run."""
    return next(iter(row.outcomes.values()))


def quality_of(row: Row, outcome: Outcome, score: str) -> float:
    """Return an outcome's quality: 0 for a failure, NaN if the score needs an unknown answer.

    On a question without an answer, a refusal is right and anything else is wrong.
    """
    if outcome.error is not None:
        return 0.0
    refused = bool(outcome.facts.get("abstained"))
    if row.answerable is False:
        return float(refused)
    if refused and score not in EXACT:
        return 0.0
    return outcome.facts.get(score, math.nan)

"""One run's record and account to its outcome; and the outcome's quality by any score."""

import math
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.ledger import Ledger
from dynamicrag.features.lexical import lexical
from dynamicrag.lab.outcomes.table import Outcome, Row
from dynamicrag.lab.questions import Question
from dynamicrag.lab.record.memo import Found, owed
from dynamicrag.lab.record.paths import Steps
from dynamicrag.types import Usage
from dynamicrag.verify.base import VERIFY
from dynamicrag.verify.unanswerable import is_refusal

EXACT = ("f1", "em", "contains")
SCORES = (*EXACT, "similarity", "judge")
_LEXICAL = frozenset(lexical("a"))


def outcome_of(record: Mapping[str, Any], steps: Steps, ledger: Ledger, found: Sequence[Found]) -> Outcome:
    """Return what a settled run gave and cost, with retrievals from memory charged; quality is still open.

    Args:
        record: As :func:`dynamicrag.lab.run.settled` returns it.
        steps: The path that it was told to take.
        ledger: Where its account is.
        found: Its retrievals.
    """
    lines = ledger.account(record["turn"]).lines
    searched = [line for line in lines if line.stage == "retriever" and line.label == steps.get("retriever")]
    extra, more = owed(ledger, found, searched)
    cost = ledger.cost(record["turn"]) + extra
    usage = reduce(add, [line.usage for line in lines], more) if lines else Usage()
    dimensions = [name for name in DIMENSIONS if name != "tokens"]  # these are counted by their side below
    # an unknown amount is not observed: left out rather than 0
    facts: dict[str, float] = {d: value for d in dimensions if (value := cost.known(d)) is not None}
    facts |= {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
        "cpu_seconds": usage.cpu_seconds,
        "retrieval_steps": len(searched),
    }
    # what each verifier took, which is in the sums: a policy without it would not have paid
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
        signals=signals_of(record["decisions"]),
        kinds={dimension: cost.kind(dimension) for dimension in dimensions if cost.known(dimension)},
        path=steps,
        answer=answer,
        error=record.get("error"),
    )


def signals_of(decisions: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return all that the decisions were made from, but for what the question's words say by themselves."""
    return {
        name: value
        for decision in decisions
        for name, value in decision["features"].items()
        if name not in _LEXICAL
    }


def row_of(question: Question, origin: Mapping[str, str], outcomes: Mapping[str, Outcome]) -> Row:
    """Return a question's row."""
    return Row(
        id=question.id,
        text=question.text,
        outcomes=outcomes,
        group=question.type,
        answers=question.answers,
        answerable=question.answerable,
        origin=origin,
    )


def quality_of(row: Row, outcome: Outcome, score: str) -> float:
    """Return an outcome's quality: 0 for a failure, and NaN where the score has nothing to go by.

    On a question without an answer, saying so is right and anything else is wrong.
    """
    if outcome.error is not None:
        return 0.0
    refused = bool(outcome.facts.get("abstained"))
    if row.answerable is False:
        return float(refused)
    if refused and score not in EXACT:
        return 0.0
    return outcome.facts.get(score, math.nan)

"""The record of a query in the run database: its cost, split by stage and by model, and its times."""

import time
from collections.abc import Sequence
from typing import Any

from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.line import Line
from dynamicrag.cost.vector import Cost
from dynamicrag.topology import JUDGING

__all__ = ["run_record"]


def run_record(ledger: Ledger, query: str, lines: Sequence[Line]) -> dict[str, Any]:
    """Return the record of a query with its calls, as plain JSON."""
    # other processes have other clocks, and a judge marks an answer that the user has already
    timed = [line for line in lines if line.brought is None and line.stage != JUDGING]
    begin = min((line.begin for line in timed), default=0.0)
    end = max((line.end or line.begin for line in timed), default=begin)
    tokens = [line.begin + line.usage.first_token_seconds - begin for line in timed
              if line.stage == "generator" and line.usage.first_token_seconds is not None]  # fmt: skip
    unmetered = {line.label: line.unmetered for line in lines if line.unmetered}
    return {
        "id": query,
        "at": max(0.0, time.time() - (time.perf_counter() - begin)),  # the clock may be set wrongly
        "cost": ledger.cost(query).figures(),
        "full": ledger.cost(query, scope="full").figures(),
        "stages": {stage: cost.figures() for stage, cost in ledger.stages(lines).items()},
        "models": _by_model(ledger, lines),
        "tokens": {"input": sum(line.usage.input_tokens for line in lines),
                   "output": sum(line.usage.output_tokens for line in lines)},
        "wall_seconds": end - begin,
        "first_token_seconds": tokens[-1] if tokens else None,
        "failed_calls": sum(line.failed for line in lines),
        **({"unmetered": unmetered} if unmetered else {}),
    }  # fmt: skip


def _by_model(ledger: Ledger, lines: Sequence[Line]) -> dict[str, dict[str, float | None]]:
    """Return joules, usd (``None`` where unknown) and calls by model spec."""
    by_spec: dict[str, list[Line]] = {}
    for line in lines:
        if line.spec and line.spec != line.stage:
            by_spec.setdefault(line.spec, []).append(line)
    models: dict[str, dict[str, float | None]] = {}
    for spec, own in by_spec.items():
        cost = Cost.total(map(ledger.line_cost, own))
        calls = sum(line.usage.calls for line in own)
        models[spec] = {"calls": calls, "joules": cost["joules"], "usd": cost.known("usd")}
    return models

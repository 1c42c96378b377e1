"""The report of a turn as plain JSON."""

from collections.abc import Sequence
from typing import Any

from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.line import Line
from dynamicrag.cost.vector import Cost
from dynamicrag.turn import TurnState


def report_of(turn: TurnState, lines: Sequence[Line], ledger: Ledger) -> dict[str, Any]:
    """Return the report of a finished turn.

    ``cost`` covers the run that led to this answer, in all processes. ``cost_all_runs`` adds the other runs
    of the query, from any of its checkpoints, as far as this process knows them. If lines of another process
    are missing, both are unknown, and ``provisional`` is set.
    """
    draft = turn.get("draft")
    abstained = turn.get("action") == "abstain" or draft is None
    outside = turn.get("outside", False)
    written = len(turn.get("earlier", [])) + (draft is not None)
    stages = ledger.stages(lines)
    cost = Cost.total(stages.values()).figures()
    account = ledger.account(turn["id"])
    alone = len(account.lines) == len(lines)
    dropped = draft["dropped"] if draft else []
    stood_on = () if abstained or outside else turn["passages"]
    return {
        "query_id": turn["id"],
        "question": turn["text"],
        "path": turn["path"],
        "abstained": abstained,
        "outside": outside,
        "bounded": turn.get("bounded", ""),
        "asked": turn.get("asked", []),
        "unfinished": "" if abstained or draft is None else draft.get("unfinished", ""),
        "escalations": turn["escalations"],
        "drafts": {"written": written, "stands": None if abstained else turn.get("stands", written)},
        "unverified": turn.get("unverified", {}),
        "passages": [passage["id"] for passage in turn["passages"]],
        "sources": [
            {"id": passage["id"], "title": passage["title"]}
            for passage in stood_on
            if passage["id"] not in dropped
        ],
        "dropped": dropped,
        "cost": cost,
        "cost_all_runs": cost if alone else ledger.cost(turn["id"]).figures(),
        "stages": {stage: each.figures() for stage, each in stages.items()},
        "tokens": {
            "input": sum([line.usage.input_tokens for line in lines]),
            "output": sum([line.usage.output_tokens for line in lines]),
        },
        "provisional": not all(line.settled for line in lines),
    }

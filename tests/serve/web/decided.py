"""Decisions and answers for tests of their views."""

from typing import Any

from dynamicrag.serve.web.answer import Answer

COSTS = [{"joules": 1.0, "usd": 0.0}, {"joules": 40.0, "usd": None}]


def decision(stage: str = "generator", **changes: Any) -> Any:
    return {
        "id": f"q.{stage}", "turn": "q", "seq": 0, "stage": stage, "options": ["small", "large"],
        "allowed": [True, True], "expected": COSTS, "quality": [0.5, 0.6], "spread": [0.1, None],
        "chosen": "small", "propensity": 1.0, "router": "prior", "reason": "cheaper", "binding": None,
        "features": {}, "cost": {"seconds": 0.0}, **changes,
    }  # fmt: skip


def figure(value: float | None, kind: str = "measured", **more: Any) -> Any:
    return {"value": value, "kind": kind, **more}


def answered(**changes: Any) -> Answer:
    given = {
        "question": "Who opened the bridge?", "policy": "p", "state": "done", "text": "Thrane opened it.",
        "query_id": "q", "decisions": [decision()], "settled": True,
        "cost": {"joules": figure(2.0), "usd": figure(None, "unknown")},
        "baseline": {"joules": figure(8.0, "modelled"), "usd": figure(0.1, "estimated")},
    }  # fmt: skip
    return Answer(**{**given, **changes})
